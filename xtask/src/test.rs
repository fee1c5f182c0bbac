//! `cargo xtask test`: everything that must hold, in the order in which it fails fastest.

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use vestibule_daemons::proc::Cmd;
use vestibule_daemons::{Postgres, Redis};

use crate::build;
use crate::cargo_tests::{count_tests, tests};
use crate::frontend::{self, Kind};
use crate::packages::{self, CHROMIUM, NODE, POSTGRES, PROXIES, PYTHON, REDIS};
use crate::report::{Budget, Progress, Report, TestCounts};
use crate::{chaos, code, deploy, deps, docs, e2e, tools};

/// About half as much again as each took when this was written.
const BUDGETS: &[Budget] = &[
    ("build and lints", 30),
    ("lints of the islands", 8),
    ("deploy", 3),
    ("cargo tests", 20),
    ("faults, short", 7),
    ("site", 4),
    ("browser, SQLite", 18),
    ("browser, two replicas", 8),
];

#[derive(Default)]
struct Options {
    quick: bool,
    filter: Option<String>,
}

impl Options {
    fn parse(args: &[String]) -> Result<Self> {
        let mut options = Self::default();
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--quick" => options.quick = true,
                "--filter" => {
                    options.filter = Some(args.next().context("--filter needs a text")?.clone());
                }
                other => bail!("`test` does not know `{other}`; `cargo xtask` shows what it knows"),
            }
        }
        Ok(options)
    }

    /// Nothing is the whole.
    fn playwright_args(&self) -> Vec<String> {
        let grep = |filter: &String| ["--grep", filter, "--pass-with-no-tests"].map(str::to_owned);
        self.filter.iter().flat_map(grep).collect()
    }
}

pub fn run(args: &[String]) -> Result<ExitCode> {
    let options = Options::parse(args)?;
    let mut report = Report::within(BUDGETS);
    let result = if options.quick {
        quick(&options, &mut report)
    } else {
        full(&options, &mut report)
    };
    report.finish(result)
}

fn quick(options: &Options, report: &mut Report) -> Result<()> {
    report.check("preparation", || {
        Progress::new(1).step("wasm target", tools::wasm_target)
    })?;
    checks(report)?;
    report.tests("cargo tests", |counts| cargo_tests(options, &[], counts))
}

fn full(options: &Options, report: &mut Report) -> Result<()> {
    report.check("preparation", || {
        let mut progress = Progress::new(2);
        progress.step("packages", |step| {
            let servers = [&POSTGRES, &REDIS, &PROXIES];
            packages::ensure(&[&servers[..], &[&NODE, &PYTHON, &CHROMIUM]].concat(), step)
        })?;
        progress.step("wasm target", tools::wasm_target)
    })?;
    checks(report)?;
    report.check("deploy", deploy::run)?;
    report.tests("cargo tests", |counts| {
        let (postgres, redis) = (Postgres::start()?, Redis::start()?);
        let services = [
            ("TEST_POSTGRES_URL", postgres.url("postgres")),
            ("TEST_REDIS_URL", redis.url()),
        ];
        cargo_tests(options, &services, counts)
    })?;
    report.tests("faults, short", |counts| {
        chaos::short(options.filter.as_deref(), counts)
    })?;
    report.check("site", || {
        build::site(&mut Progress::new(build::SITE_STEPS), Kind::Release)
    })?;
    e2e::steps(&options.playwright_args(), report)
}

/// What needs no running program. The tests are built here, and linted while they are.
fn checks(report: &mut Report) -> Result<()> {
    report.check("format", || Cmd::line("cargo fmt --all --check").run())?;
    report.check("documents", docs::run)?;
    report.check("code rules", code::run)?;
    report.check("dependency rules", deps::run)?;
    report.check("build and lints", || tests().arg("--no-run").run())?;
    report.check("lints of the islands", frontend::lint)
}

fn cargo_tests(
    options: &Options,
    services: &[(&str, String)],
    counts: &mut TestCounts,
) -> Result<()> {
    let mut tests = tests();
    for (name, url) in services {
        tests = tests.env(name, url);
    }
    count_tests(tests.args(&options.filter), counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read() {
        let parse = |words: &[&str]| {
            Options::parse(&words.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        assert_eq!(
            parse(&["--quick", "--filter", "reset"])
                .unwrap()
                .filter
                .as_deref(),
            Some("reset")
        );
        assert!(parse(&["--filter"]).is_err());
        assert!(parse(&["--fast"]).is_err());
    }
}
