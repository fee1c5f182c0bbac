//! What comes through npm: a Node that is new enough, and what makes the site's files small.

use std::fs;
use std::path::Path;

use anyhow::{Result, bail};
use vestibule_daemons::proc::{Cmd, TOOLS};

use crate::packages;
use crate::report::Step;
use crate::tools::is_version;

/// Playwright asks for it.
const OLDEST_NODE: u32 = 22;
const OWN_NODE: &str = "node@22.23.3";
const WASM_OPT: &str = "132";
const ESBUILD: &str = "0.28.2";

/// Node: the machine's own, or where that is too old
/// (Debian 12 and Ubuntu 24.04 come with 18) one from npm.
pub fn node(step: &Step) -> Result<&'static str> {
    packages::ensure(&[&packages::NODE], step)?;
    if is_new_enough() {
        return Ok("present");
    }
    step.say(format_args!(
        "this machine's Node is older than {OLDEST_NODE}: fetching {OWN_NODE} with npm"
    ));
    let folder = Path::new(TOOLS).join("runtime");
    fs::create_dir_all(&folder)?;
    Cmd::line("npm install --no-save --no-audit --no-fund --loglevel=error --prefix")
        .arg(&folder)
        .arg(OWN_NODE)
        .run()?;
    if !is_new_enough() {
        bail!("{OWN_NODE} was fetched but does not answer: install Node {OLDEST_NODE} or newer");
    }
    Ok("fetched")
}

/// Node knows its own version best.
fn is_new_enough() -> bool {
    let script = format!("process.exit(Number(parseInt(process.versions.node) < {OLDEST_NODE}))");
    Cmd::line("node -e").arg(script).succeeds()
}

/// What makes wasm, scripts and styles small. Debian's wasm-opt is too old.
pub fn build_tools(step: &Step) -> Result<&'static str> {
    let is = |line, version| is_version(&Cmd::line(line).peek(), version);
    let is_here = || is("wasm-opt --version", WASM_OPT) && is("esbuild --version", ESBUILD);
    if is_here() {
        return Ok("present");
    }
    node(step)?;
    step.say("fetching them with npm");
    let folder = Path::new(TOOLS).join("node");
    fs::create_dir_all(&folder)?;
    for file in ["package.json", "package-lock.json"] {
        fs::copy(Path::new("xtask/tools").join(file), folder.join(file))?;
    }
    Cmd::line("npm ci --no-audit --no-fund --loglevel=error")
        .dir(&folder)
        .run()?;
    if !is_here() {
        bail!("wasm-opt {WASM_OPT} or esbuild {ESBUILD} was fetched but does not answer");
    }
    Ok("fetched")
}
