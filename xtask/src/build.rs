//! The server: for development, and as the one file that is shipped.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use vestibule_daemons::proc::{self, Cmd};

use crate::frontend::{self, Kind};
use crate::node;
use crate::report::Progress;
use crate::tools::{self, target_folder};

pub const DIST: &str = "target/dist/vestibule";

/// How many steps `site` takes.
pub const SITE_STEPS: usize = 3;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Wasm {
    /// As it is shipped; a machine without wasm-opt is an error.
    Optimised,
    /// The same, with the lints.
    Linted,
    /// As well as this machine can.
    AsItComes,
}

/// Gets the tools and builds the site.
pub fn site(progress: &mut Progress, wasm: Wasm) -> Result<()> {
    progress.step("wasm target", tools::wasm_target)?;
    let mut kind = match wasm {
        Wasm::Linted => Kind::Linted,
        Wasm::Optimised | Wasm::AsItComes => Kind::Release,
    };
    progress.step("wasm-opt and esbuild", |step| {
        match node::build_tools(step) {
            Err(error) if wasm == Wasm::AsItComes && !proc::interrupted() => {
                kind = Kind::Plain;
                Ok(format!(
                    "done without, the site's files are larger ({error:#})"
                ))
            }
            result => result.map(str::to_owned),
        }
    })?;
    progress.step("site", |step| frontend::build(kind, step))
}

/// Builds the site and the development server.
pub fn portal(wasm: Wasm) -> Result<()> {
    let mut progress = Progress::new(SITE_STEPS + 1);
    site(&mut progress, wasm)?;
    progress.step("server", |step| {
        step.say("building (5 minutes the first time)");
        Cmd::line("cargo build --locked --package vestibule").run()?;
        Ok("built")
    })
}

/// Where `portal` leaves the server.
pub fn server_binary() -> Result<PathBuf> {
    Ok(target_folder()?.join("debug/vestibule"))
}

/// Builds `target/dist/vestibule`.
pub fn dist() -> Result<()> {
    let mut progress = Progress::new(SITE_STEPS + 1);
    site(&mut progress, Wasm::Optimised)?;
    progress.step("vestibule", |step| {
        step.say("building for release (10 minutes the first time)");
        Cmd::line("cargo build --locked --release --package vestibule --features embed-site")
            .run()?;
        let built = target_folder()?.join("release/vestibule");
        let dist = Path::new(DIST);
        fs::create_dir_all(dist.parent().unwrap_or(dist))?;
        // A running copy cannot be written to, but it can be replaced.
        let fresh = dist.with_extension("new");
        let size =
            fs::copy(&built, &fresh).with_context(|| format!("cannot copy {}", built.display()))?;
        fs::rename(&fresh, dist)?;
        Ok(format!(
            "{DIST}, {}.{} MB",
            size / 1_000_000,
            size / 100_000 % 10
        ))
    })
}
