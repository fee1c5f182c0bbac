//! The site: islands as wasm, stylesheet, precompressed copies, in `target/site`.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use vestibule_daemons::proc::Cmd;

use crate::cargo_tests::linted;
use crate::report::Step;
use crate::tools::target_folder;

pub const SITE: &str = "target/site";
/// Beside the site, not in it: what is in the site is served.
const STAMP: &str = "target/site.stamp";
const STYLE: &str = "style/main.css";
const INPUTS: [&str; 11] = [
    "app/src",
    "app/Cargo.toml",
    "frontend/src",
    "frontend/Cargo.toml",
    "style",
    "Cargo.toml",
    "Cargo.lock",
    "rust-toolchain.toml",
    "xtask/bindgen",
    "xtask/tools",
    ".cargo/config.toml",
];
const BUILD: &str = "cargo build --locked --package vestibule-frontend --target wasm32-unknown-unknown --profile wasm-release";
const WASM: &str = "wasm32-unknown-unknown/wasm-release/vestibule_frontend.wasm";
/// The browsers that scripts and styles are written down for: each two years old or more.
const BROWSERS: &str = "--target=es2022,chrome109,firefox115,safari15.6";
/// For size, and no feature that one of these browsers lacks.
const WASM_OPT: &str = "wasm-opt -Oz --enable-bulk-memory --enable-nontrapping-float-to-int --enable-reference-types \
    --enable-multivalue --enable-sign-ext --enable-mutable-globals";

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Optimised for size and precompressed, as it is shipped.
    Release,
    /// For a machine without Node: the same pages, larger files.
    Plain,
}

/// Builds the site unless nothing has changed since: cargo would see that by itself, but the work
/// after it (wasm-opt, compression) would be done again.
pub fn build(kind: Kind, step: &Step) -> Result<&'static str> {
    let stamp = stamp(kind)?;
    let is_built = Path::new(SITE).join("pkg/vestibule.wasm").is_file();
    if is_built && fs::read_to_string(STAMP).is_ok_and(|old| old == stamp) {
        return Ok("up to date");
    }
    step.say("building (3 minutes the first time)");
    let _ = fs::remove_file(STAMP);
    let folder = Path::new(SITE).join("pkg");
    let _ = fs::remove_dir_all(SITE);
    fs::create_dir_all(&folder)?;
    islands(&folder)?;
    match kind {
        Kind::Release => optimise(&folder)?,
        Kind::Plain => drop(fs::copy(STYLE, folder.join("vestibule.css"))?),
    }
    fs::write(STAMP, stamp)?;
    Ok("built")
}

/// The lints of the islands. It also compiles what they depend on, for the site.
pub fn lint() -> Result<()> {
    linted(Cmd::line(BUILD)).run()
}

/// The islands as wasm, and the script that loads them.
fn islands(folder: &Path) -> Result<()> {
    Cmd::line(BUILD).run()?;
    Cmd::line("cargo run --locked --package xtask-bindgen --")
        .arg(target_folder()?.join(WASM))
        .arg(folder)
        .run()?;
    fs::rename(
        folder.join("vestibule_bg.wasm"),
        folder.join("vestibule.wasm"),
    )?;
    // The portal serves files of one folder alone.
    ensure!(
        !folder.join("snippets").exists(),
        "an island brings a script of its own, which the portal does not serve"
    );
    Ok(())
}

/// What browsers need not read goes, and the server need not compress.
fn optimise(folder: &Path) -> Result<()> {
    let [script, style, wasm] =
        ["js", "css", "wasm"].map(|end| folder.join("vestibule").with_extension(end));
    Cmd::line(WASM_OPT).arg(&wasm).arg("-o").arg(&wasm).run()?;
    for (from, to) in [(&script, &script), (&PathBuf::from(STYLE), &style)] {
        Cmd::line("esbuild --minify --allow-overwrite --log-level=warning")
            .arg(BROWSERS)
            .arg(from)
            .arg(format!("--outfile={}", to.display()))
            .run()?;
    }
    Cmd::line("node xtask/tools/compress.mjs")
        .args([script, style, wasm])
        .run()
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
