//! `cargo xtask test`: everything that must hold, in the order in which it fails fastest.

use std::env;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use vestibule_daemons::proc::Cmd;
use vestibule_daemons::{Postgres, Redis};

use crate::build::{self, Wasm};
use crate::packages::{self, CHROMIUM, NODE, POSTGRES, PROXIES, PYTHON, REDIS};
use crate::report::{Counts, Progress, Report};
use crate::{chaos, deploy, deps, docs, e2e, tools};

/// The server's side and the browser's are built apart, because their features of leptos must not meet.
const SERVER_SIDE: &str = "--workspace --exclude vestibule-frontend";
const BROWSER_SIDE: &str = "--package vestibule-frontend --target wasm32-unknown-unknown";

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
        let Some(filter) = &self.filter else {
            return Vec::new();
        };
        ["--grep", filter, "--pass-with-no-tests"]
            .map(str::to_owned)
            .to_vec()
    }
}

pub fn run(args: &[String]) -> Result<ExitCode> {
    let options = Options::parse(args)?;
    let mut report = Report::default();
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
        build::site(&mut Progress::new(build::SITE_STEPS), Wasm::Optimised)
    })?;
    e2e::steps(&options.playwright_args(), report)
}

/// What needs no running program. The tests are built here, and linted while they are.
fn checks(report: &mut Report) -> Result<()> {
    report.check("format", || Cmd::line("cargo fmt --all --check").run())?;
    report.check("documents", docs::run)?;
    report.check("dependency rules", deps::run)?;
    report.check("build and lints", || tests().arg("--no-run").run())?;
    report.check("lints of the islands", || {
        Cmd::line(&format!(
            "cargo clippy --locked {BROWSER_SIDE} -- -D warnings"
        ))
        .run()
    })
}

/// `cargo test` of the server's side. Clippy stands in for the compiler, which it contains: with `cargo clippy` beside it
/// everything would be compiled twice.
pub fn tests() -> Cmd {
    let tests = Cmd::line(&format!("cargo test --locked {SERVER_SIDE} --no-fail-fast"))
        .without_settings()
        // Many wait more than they compute.
        .env("RUST_TEST_THREADS", "4")
        .env("RUSTC_WORKSPACE_WRAPPER", "clippy-driver")
        .env("CLIPPY_ARGS", "-Dwarnings__CLIPPY_HACKERY__");
    if env::var_os("CI").is_some() {
        // Nobody builds there a second time.
        return tests.env("CARGO_INCREMENTAL", "0");
    }
    tests
}

fn cargo_tests(options: &Options, services: &[(&str, String)], counts: &mut Counts) -> Result<()> {
    let mut tests = tests();
    for (name, url) in services {
        tests = tests.env(name, url);
    }
    count_tests(tests.args(&options.filter), counts)
}

/// Runs a command that runs tests, shows what it prints and counts them.
pub fn count_tests(tests: Cmd, counts: &mut Counts) -> Result<()> {
    tests.run_lines(|line| {
        println!("{line}");
        counts.add(result_line(line));
    })
}

/// Reads `test result: ok. 12 passed; 0 failed; 1 ignored; ...`; any other line counts nothing.
fn result_line(line: &str) -> Counts {
    let Some((_, numbers)) = line
        .strip_prefix("test result: ")
        .and_then(|rest| rest.split_once(". "))
    else {
        return Counts::default();
    };
    let number = |word: &str| {
        let found = numbers.split("; ").find_map(|part| part.strip_suffix(word));
        found.and_then(|text| text.trim().parse().ok()).unwrap_or(0)
    };
    Counts {
        passed: number("passed"),
        failed: number("failed"),
        skipped: number("ignored"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn result_lines_are_read() {
        let line = "test result: FAILED. 12 passed; 3 failed; 1 ignored; 0 measured; 9 filtered out; finished in 0.02s";
        assert_eq!(
            result_line(line),
            Counts {
                passed: 12,
                failed: 3,
                skipped: 1
            }
        );
        assert_eq!(
            result_line("test sessions::rotate ... ok"),
            Counts::default()
        );
    }

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
