//! `cargo xtask check-supply`: known weaknesses, licences, bans, duplicates and sources of all that
//! comes from outside.

use anyhow::{Result, bail};
use vestibule_daemons::proc::Cmd;

use crate::packages::{self, NODE};
use crate::report::Progress;
use crate::tools::{self, CARGO_DENY};

/// The folders with packages from npm. None of them is in the program: they build and test it.
const NPM_FOLDERS: [&str; 3] = ["xtask/tools", "xtask/peers", "end2end"];

/// `--offline` leaves out what asks for known weaknesses: the database of `RustSec`, which is a git
/// repository, and the registry of npm.
pub fn run(args: &[String]) -> Result<()> {
    let offline = match args {
        [] => false,
        [option] if option == "--offline" => true,
        _ => bail!("`check-supply` knows `--offline` alone"),
    };
    let mut progress = Progress::new(2);
    progress.step("packages", |step| packages::ensure(&[&NODE], step))?;
    progress.step("cargo-deny", |step| tools::cargo_tool(&CARGO_DENY, step))?;
    deny("bans licenses sources", offline)?;
    if offline {
        println!("known weaknesses: not asked for, by --offline");
        return Ok(());
    }
    deny("advisories", offline)?;
    for folder in NPM_FOLDERS {
        println!("npm audit: {folder}");
        Cmd::line("npm audit --package-lock-only --audit-level=low --prefix")
            .arg(folder)
            .run()?;
    }
    Ok(())
}

fn deny(checks: &str, offline: bool) -> Result<()> {
    let mut command = Cmd::line("cargo-deny --locked");
    if offline {
        command = command.arg("--offline");
    }
    command.arg("check").args(checks.split(' ')).run()
}
