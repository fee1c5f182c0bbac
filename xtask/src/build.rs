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

/// Gets the tools and builds the site. One that may be plain is made as well as this machine can.
pub fn site(progress: &mut Progress, mut kind: Kind) -> Result<()> {
    progress.step("wasm target", tools::wasm_target)?;
    progress.step("wasm-opt and esbuild", |step| {
        let result = node::build_tools(step);
        if kind != Kind::Plain || proc::interrupted() {
            return result.map(str::to_owned);
        }
        match result {
            Ok(outcome) => {
                kind = Kind::Release;
                Ok(outcome.to_owned())
            }
            Err(error) => Ok(format!(
                "done without, the site's files are larger ({error:#})"
            )),
        }
    })?;
    progress.step("site", |step| frontend::build(kind, step))
}

/// Builds the site and the development server.
pub fn portal(kind: Kind) -> Result<()> {
    let mut progress = Progress::new(SITE_STEPS + 1);
    site(&mut progress, kind)?;
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
    site(&mut progress, Kind::Release)?;
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
