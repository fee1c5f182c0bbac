//! The build tools, each at one pinned version: used where it is already there, otherwise put into
//! `target/tools`, so that nothing of the user's is overwritten.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use cargo_metadata::MetadataCommand;
use vestibule_daemons::proc::{Cmd, TOOLS, find};

use crate::report::Step;

pub const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// A tool that cargo builds.
pub struct CargoTool {
    package: &'static str,
    version: &'static str,
    features: &'static [&'static str],
    takes: &'static str,
}

/// Reads deny.toml.
pub const CARGO_DENY: CargoTool = CargoTool {
    package: "cargo-deny",
    version: "0.20.2",
    features: &[],
    takes: "6 minutes",
};

/// Makes the book of the documents, and neither serves nor watches it.
pub const MDBOOK: CargoTool = CargoTool {
    package: "mdbook",
    version: "0.5.4",
    features: &["--no-default-features", "--features", "search"],
    takes: "2 minutes",
};

/// The search path with the folder of a program first.
pub fn path_with(program: &Path) -> Result<OsString> {
    let folder = program.parent().context("a program without a folder")?;
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = [folder.to_path_buf()].into_iter();
    Ok(env::join_paths(folders.chain(env::split_paths(&path)))?)
}

pub fn wasm_target(step: &Step) -> Result<&'static str> {
    let sysroot = Cmd::line("rustc --print sysroot").read()?;
    if Path::new(sysroot.trim())
        .join("lib/rustlib")
        .join(WASM_TARGET)
        .is_dir()
    {
        return Ok("present");
    }
    if find("rustup").is_none() {
        bail!(
            "this Rust cannot build for {WASM_TARGET} and rustup is not here to add it: install rustup from https://rustup.rs"
        );
    }
    step.say("adding it with rustup");
    Cmd::line("rustup target add").arg(WASM_TARGET).run()?;
    Ok("added")
}

pub fn cargo_tool(tool: &CargoTool, step: &Step) -> Result<&'static str> {
    let CargoTool {
        package, version, ..
    } = tool;
    let is_here = || is_version(&Cmd::new(package).arg("--version").peek(), version);
    if is_here() {
        return Ok("present");
    }
    step.say(format_args!(
        "compiling it, about {} on two cores, once",
        tool.takes
    ));
    // A folder of its own under target: an interrupted build goes on where it was.
    let build = env::current_dir()?.join(TOOLS).join("build").join(package);
    Cmd::line("cargo install --locked --root")
        .args([TOOLS, package, "--version", version])
        .args(tool.features)
        .env("CARGO_TARGET_DIR", &build)
        // Fat LTO would be for a program that runs all day.
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
        .run()?;
    // Half a gigabyte that nobody needs any more.
    fs::remove_dir_all(&build).with_context(|| format!("cannot remove {}", build.display()))?;
    ensure!(
        is_here(),
        "{package} {version} was installed but does not answer"
    );
    Ok("compiled")
}

/// Whether a tool's answer to `--version` names that version as a whole word.
pub fn is_version(answer: &str, version: &str) -> bool {
    let words = answer.split_whitespace();
    words
        .map(|word| word.trim_start_matches('v'))
        .any(|word| word == version)
}

/// Where cargo builds.
pub fn target_folder() -> Result<PathBuf> {
    let metadata = MetadataCommand::new().no_deps().exec()?;
    Ok(metadata.target_directory.into_std_path_buf())
}

#[cfg(test)]
mod tests {
    use super::is_version;

    #[test]
    fn versions_match_exactly() {
        assert!(is_version("cargo-deny 0.2.130\n", "0.2.130"));
        assert!(is_version("wasm-opt version 132 (version_132)", "132"));
        assert!(is_version("mdbook v0.5.4\n", "0.5.4"));
        assert!(!is_version("cargo-deny 0.2.13", "0.2.130"));
        assert!(!is_version("esbuild 0.3.101", "0.3.10"));
        assert!(!is_version("", "132"));
    }
}
