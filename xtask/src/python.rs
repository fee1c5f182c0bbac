//! What comes through pip: a Python for the checks alone with the packages of
//! `xtask/tools/requirements.txt`, and others in folders of their own.

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
    fetch(FOLDER, &wanted, &["-r", REQUIREMENTS], step)
}

/// Makes a Python in a folder, and has pip install there by these arguments what is wanted.
pub fn fetch(folder: &str, wanted: &str, args: &[&str], step: &Step) -> Result<&'static str> {
    let stamp = Path::new(folder).join("installed");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok("present");
    }
    step.say("fetching it with pip");
    Cmd::line("python3 -m venv --clear").arg(folder).run()?;
    Cmd::new(program(folder, "python")?)
        .args("-m pip install --quiet --disable-pip-version-check".split(' '))
        .args(args)
        .run()?;
    fs::write(&stamp, wanted)?;
    Ok("fetched")
}

/// The interpreter; the packages' programs are beside it.
pub fn python() -> Result<PathBuf> {
    program(FOLDER, "python")
}

/// A program of the Python in a folder.
pub fn program(folder: &str, name: &str) -> Result<PathBuf> {
    Ok(env::current_dir()?.join(folder).join("bin").join(name))
}
