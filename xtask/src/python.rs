//! A Python for the checks alone with the packages of `xtask/tools/requirements.txt`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use vestibule_daemons::proc::Cmd;

use crate::report::Step;

const FOLDER: &str = "target/tools/python";
const REQUIREMENTS: &str = "xtask/tools/requirements.txt";

pub fn packages(step: &Step) -> Result<&'static str> {
    let wanted = fs::read_to_string(REQUIREMENTS)?;
    let stamp = Path::new(FOLDER).join("requirements.txt");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok("present");
    }
    step.say("fetching them with pip");
    Cmd::line("python3 -m venv --clear").arg(FOLDER).run()?;
    Cmd::new(python()?)
        .args("-m pip install --quiet --disable-pip-version-check -r".split(' '))
        .arg(REQUIREMENTS)
        .run()?;
    fs::write(&stamp, wanted)?;
    Ok("fetched")
}

/// The interpreter; the packages' programs are beside it.
pub fn python() -> Result<PathBuf> {
    Ok(env::current_dir()?.join(FOLDER).join("bin/python"))
}
