//! The build tools, each at one pinned version: used where it is already there, otherwise put into
//! `target/tools`, so that nothing of the user's is overwritten.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use cargo_metadata::MetadataCommand;
use vestibule_daemons::proc::{Cmd, TOOLS, find};

use crate::report::Step;

pub const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// A tool that cargo builds.
pub struct CargoTool {
    pub package: &'static str,
    pub version: &'static str,
    ask_version: &'static str,
    install: &'static str,
    env: &'static [(&'static str, &'static str)],
    takes: &'static str,
}

/// Reads deny.toml. Fat LTO would be for a program that runs all day.
pub const CARGO_DENY: CargoTool = CargoTool {
    package: "cargo-deny",
    version: "0.20.2",
    ask_version: "cargo-deny --version",
    install: "cargo install cargo-deny --version 0.20.2 --locked",
    env: &[
        ("CARGO_PROFILE_RELEASE_LTO", "off"),
        ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
        ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1"),
    ],
    takes: "6 minutes",
};

/// Makes the book of the documents, and neither serves nor watches it.
pub const MDBOOK: CargoTool = CargoTool {
    package: "mdbook",
    version: "0.5.4",
    ask_version: "mdbook --version",
    install: "cargo install mdbook --version 0.5.4 --locked --no-default-features --features search",
    env: CARGO_DENY.env,
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
    if find(&["rustup"]).is_none() {
        bail!(
            "this Rust cannot build for {WASM_TARGET} and rustup is not here to add it: install rustup from https://rustup.rs"
        );
    }
    step.say("adding it with rustup");
    Cmd::line("rustup target add").arg(WASM_TARGET).run()?;
    Ok("added")
}

pub fn cargo_tool(tool: &CargoTool, step: &Step) -> Result<&'static str> {
    if tool.is_here() {
        return Ok("present");
    }
    if find(&["cargo-binstall"]).is_some() {
        step.say("fetching it with cargo-binstall");
        if tool.fetch().is_ok() && tool.is_here() {
            return Ok("fetched");
        }
    }
    step.say(format_args!(
        "compiling it, about {} on two cores, once",
        tool.takes
    ));
    tool.compile()?;
    if !tool.is_here() {
        bail!(
            "{} {} was installed but does not answer",
            tool.package,
            tool.version
        );
    }
    Ok("compiled")
}

impl CargoTool {
    fn is_here(&self) -> bool {
        is_version(&Cmd::line(self.ask_version).peek(), self.version)
    }

    fn fetch(&self) -> Result<()> {
        // Compiling is xtask's job, with the right profile.
        Cmd::line("cargo binstall --no-confirm --disable-strategies compile --root")
            .arg(TOOLS)
            .arg(format!("{}@{}", self.package, self.version))
            .run()
    }

    fn compile(&self) -> Result<()> {
        // A folder of its own under target: an interrupted build goes on where it was.
        let build = Path::new(TOOLS).join("build").join(self.package);
        let mut install = Cmd::line(self.install).args(["--root", TOOLS]);
        for (name, value) in self.env {
            install = install.env(name, value);
        }
        install
            .env("CARGO_TARGET_DIR", env::current_dir()?.join(&build))
            .run()?;
        // Half a gigabyte that nobody needs any more.
        fs::remove_dir_all(&build).with_context(|| format!("cannot remove {}", build.display()))
    }
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
