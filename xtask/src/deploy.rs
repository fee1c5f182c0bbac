//! `cargo xtask check-deploy`: the files of `deploy/`, read by
//! the programs that they are for. Nothing of them is started.

use anyhow::Result;
use vestibule_daemons::proc::Cmd;

use crate::packages::{self, KUBECTL, MONITORING, PROXIES, PYTHON};
use crate::python;
use crate::report::Progress;
use crate::tools::path_with;

pub fn run() -> Result<()> {
    let mut progress = Progress::new(2);
    progress.step("packages", |step| {
        packages::ensure(&[&MONITORING, &KUBECTL, &PROXIES, &PYTHON], step)
    })?;
    progress.step("Python packages", python::packages)?;
    let path = path_with(&python::python()?)?;
    Cmd::new("deploy/check").env("PATH", path).run()
}
