//! The site: islands as wasm, stylesheet, precompressed copies, in `target/site`.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::Result;
use vestibule_daemons::proc::Cmd;

use crate::report::Step;

pub const SITE: &str = "target/site";
/// Beside the site, not in it: what is in the site is served.
const STAMP: &str = "target/site.stamp";
const INPUTS: [&str; 8] = [
    "app/src",
    "app/Cargo.toml",
    "frontend/src",
    "frontend/Cargo.toml",
    "style",
    "Cargo.toml",
    "Cargo.lock",
    "rust-toolchain.toml",
];

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Optimised for size and precompressed, as it is shipped.
    Release,
    /// For a machine without wasm-opt, which cargo-leptos would otherwise download: the same pages, larger files.
    Plain,
}

/// Builds the site unless nothing has changed since: cargo would see that by itself, but the work after it
/// (wasm-opt, compression) would be done again.
pub fn build(kind: Kind, step: &Step) -> Result<&'static str> {
    let stamp = stamp(kind)?;
    let is_built = Path::new(SITE).join("pkg/vestibule.wasm").is_file();
    if is_built && fs::read_to_string(STAMP).is_ok_and(|old| old == stamp) {
        return Ok("up to date");
    }
    step.say("building (3 minutes the first time)");
    let _ = fs::remove_file(STAMP);
    let options: &[&str] = match kind {
        Kind::Release => &["--release", "-P"],
        Kind::Plain => &[],
    };
    Cmd::line("cargo-leptos leptos build --frontend-only --cargo-locked")
        .args(options)
        .run()?;
    fs::write(STAMP, stamp)?;
    Ok("built")
}

/// One number over the names, sizes and times of all that goes into the site.
fn stamp(kind: Kind) -> Result<String> {
    let mut files = Vec::new();
    for input in INPUTS {
        collect(Path::new(input), &mut files)?;
    }
    files.sort();
    let mut hasher = DefaultHasher::new();
    kind.hash(&mut hasher);
    for file in files {
        let meta = fs::metadata(&file)?;
        (file, meta.len(), meta.modified()?).hash(&mut hasher);
    }
    Ok(format!("{:016x}\n", hasher.finish()))
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            collect(&entry?.path(), files)?;
        }
    } else {
        files.push(path.to_path_buf());
    }
    Ok(())
}
