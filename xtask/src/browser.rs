//! What the browser tests stand on besides the portal: Chromium and the Node packages.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use vestibule_daemons::proc::{Cmd, find};

use crate::report::Step;

pub const FOLDER: &str = "end2end";

/// Chromium without its windows, or what was chosen in its place. The whole one draws its own menus
/// too, unseen, and takes twice as long for each page.
pub fn headless_shell() -> Option<PathBuf> {
    let chosen = env::var_os("CHROMIUM_BIN").filter(|value| !value.is_empty());
    chosen
        .map(PathBuf::from)
        .or_else(|| find("chromium-headless-shell"))
}

/// The machine's own Chromium. A snap does not count: it
/// cannot be driven from outside its confinement.
pub fn chromium() -> Option<PathBuf> {
    if let Some(shell) = headless_shell() {
        return Some(shell);
    }
    [
        "chromium",
        "google-chrome-stable",
        "google-chrome",
        "chromium-browser",
    ]
    .into_iter()
    .filter_map(find)
    .find(|file| !is_snap(file))
}

/// Ubuntu's `chromium-browser` is a script that only leads to the snap.
fn is_snap(file: &Path) -> bool {
    let leads_to_snap = |path: PathBuf| path.starts_with("/snap") || path.ends_with("snap");
    fs::canonicalize(file).is_ok_and(leads_to_snap)
        || fs::read_to_string(file).is_ok_and(|script| script.contains("/snap/bin"))
}

/// Whether the machine's distribution has a Chromium package
/// that is more than a pointer to a snap: Debian does.
pub fn is_packaged() -> bool {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    release
        .lines()
        .any(|line| line.trim_matches('"') == "ID=debian")
}

/// The Node packages of `end2end`, and a browser where the machine has none.
pub fn node_packages(step: &Step) -> Result<&'static str> {
    let folder = Path::new(FOLDER);
    let (lock, installed) = (
        folder.join("package-lock.json"),
        folder.join("node_modules/.package-lock.json"),
    );
    let modified = |file: &Path| fs::metadata(file).and_then(|meta| meta.modified());
    let wanted = modified(&lock).with_context(|| format!("{} is missing", lock.display()))?;
    if modified(&installed).is_ok_and(|time| time >= wanted) {
        return Ok("present");
    }
    step.say("fetching them with npm");
    // Browsers are not npm's business here: see `own_browser`.
    Cmd::line("npm ci --no-audit --no-fund --loglevel=error")
        .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")
        .dir(folder)
        .run()?;
    Ok("fetched")
}

/// Lets Playwright fetch a Chromium of its own where the
/// machine has none and no package brings one.
pub fn own_browser(step: &Step) -> Result<String> {
    if let Some(file) = chromium() {
        return Ok(file.display().to_string());
    }
    step.say("this machine has no Chromium: Playwright fetches one");
    let fetch = Cmd::line("npx playwright install chromium")
        .args(crate::packages::can_install().then_some("--with-deps"))
        .dir(FOLDER);
    if fetch.run().is_err() {
        bail!("no Chromium: install the package chromium, or name one in CHROMIUM_BIN");
    }
    Ok("fetched by Playwright".to_owned())
}
