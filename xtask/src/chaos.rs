//! `cargo xtask chaos`: the portal while its parts fail. The tests and the servers that they break
//! are in `server/tests/replicas`.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use vestibule_daemons::proc::Cmd;

use crate::cargo_tests::{count_tests, tests};
use crate::packages::{self, MONITORING, POSTGRES, PROXIES, REDIS};
use crate::report::{Progress, Report, TestCounts};

/// Of the workspace, as all tests are built: of the package
/// alone it would be built with other features.
const ONE_BINARY: [&str; 2] = ["--test", "replicas"];
/// The whole of it, without the build.
const LIMIT: Duration = Duration::from_mins(10);

pub fn run(args: &[String]) -> Result<ExitCode> {
    let seed = match args {
        [] => None,
        [option, seed] if option == "--seed" => {
            Some(seed.parse::<u64>().context("--seed needs a number")?)
        }
        _ => bail!("`chaos` knows `--seed N` alone"),
    };
    let mut report = Report::default();
    let result = steps(seed, &mut report);
    report.finish(result)
}

fn steps(seed: Option<u64>, report: &mut Report) -> Result<()> {
    report.check("preparation", || {
        Progress::new(1).step("packages", |step| {
            packages::ensure(&[&POSTGRES, &REDIS, &PROXIES, &MONITORING], step)
        })
    })?;
    report.check("build", || tests().args(ONE_BINARY).arg("--no-run").run())?;
    report.tests("faults", |counts| {
        let mut all = faults().env("CHAOS_FULL", "on").limit(LIMIT);
        if let Some(seed) = seed {
            all = all.env("CHAOS_SEED", seed.to_string());
        }
        count_tests(all, counts)
    })
}

/// Each fault once and a few seconds long, for `cargo xtask test`.
pub fn short(filter: Option<&str>, counts: &mut TestCounts) -> Result<()> {
    count_tests(faults().args(filter), counts)
}

/// One after the other: they measure times, and each breaks servers of its own.
fn faults() -> Cmd {
    tests()
        .args(ONE_BINARY)
        .args(["--", "--ignored", "--nocapture", "--test-threads=1"])
}
