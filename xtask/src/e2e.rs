//! The browser tests: Playwright against one server on SQLite, and against two replicas on
//! PostgreSQL and Redis, behind a proxy that sends each request to the next of them.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use serde_json::Value;
use vestibule_daemons::proc::{self, Cmd};
use vestibule_daemons::{Postgres, Redis, free_port};

use crate::browser::{self, FOLDER};
use crate::build;
use crate::frontend::{Kind, SITE};
use crate::node;
use crate::packages::{self, CHROMIUM, NODE, POSTGRES, PROXIES, PYTHON, REDIS};
use crate::python;
use crate::report::{Progress, Report, TestCounts};

/// Every flow is walked in two of the ways that there are, which differ in everything: with scripts
/// on a laptop on SQLite, without them on a telephone on replicas. `cargo xtask versions` walks the
/// others.
const WAYS: [&[&str]; 2] = [
    &["--project=js-laptop", "--project=no-js-phone-short"],
    &["--project=no-js-phone", "--project=js-laptop-short"],
];
const OTHER_WAYS: [&[&str]; 2] = [
    &[
        "--project=js-phone",
        "--project=no-js-laptop",
        "--project=no-js-phone",
    ],
    &[
        "--project=js-phone",
        "--project=no-js-laptop",
        "--project=js-laptop",
    ],
];
/// Where the tests leave their pictures, in their folder.
const PICTURES: &str = "artifacts";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Database {
    Sqlite,
    Postgres,
}

impl Database {
    fn title(self) -> &'static str {
        match self {
            Self::Sqlite => "browser, SQLite",
            Self::Postgres => "browser, two replicas",
        }
    }
}

fn on_or_off(is_on: bool) -> &'static str {
    if is_on { "on" } else { "off" }
}

/// Arguments for Playwright take the place of the whole.
pub fn run(args: &[String]) -> Result<ExitCode> {
    let mut report = Report::default();
    let result = report
        .check("build", || build::portal(Kind::Release))
        .and_then(|()| {
            if args.is_empty() {
                with_pictures(&mut report)
            } else {
                prepare(&mut report)?.test_all([args, args], &mut report)
            }
        });
    report.finish(result)
}

/// The browser tests as steps of a report, without pictures; the portal must be built.
/// Arguments for Playwright take the place of the whole.
pub fn steps(args: &[String], report: &mut Report) -> Result<()> {
    let browser = Browser {
        takes_pictures: false,
        ..prepare(report)?
    };
    if args.is_empty() {
        browser.test_all(WAYS, report)
    } else {
        browser.test_all([args, args], report)
    }
}

/// The same with a picture of everything that people can see.
fn with_pictures(report: &mut Report) -> Result<()> {
    let browser = prepare(report)?;
    // Each is taken anew: what is left afterwards shows what there is now.
    let _ = fs::remove_dir_all(Path::new(FOLDER).join(PICTURES));
    let result = browser.test_all(WAYS, report);
    if proc::interrupted() {
        return result;
    }
    // Also after failures: the pictures may show why.
    let sheet = report.check("contact sheet", || browser.contact_sheet());
    result.and(sheet)
}

/// What [`steps`] leaves out: every page and mail in German too, with a picture, and the flows in
/// the other ways.
pub fn other_ways(report: &mut Report) -> Result<()> {
    let browser = prepare(report)?;
    let states = ["--project=js-laptop", "states.spec.ts"];
    report.tests("pages and mails, each language", |counts| {
        browser.test(Database::Sqlite, &states, counts)
    })?;
    browser.test_all(OTHER_WAYS, report)
}

fn prepare(report: &mut Report) -> Result<Browser> {
    report.check("browser preparation", Browser::prepare)
}

/// Everything that a Playwright run needs besides a database.
struct Browser {
    chromium: Option<PathBuf>,
    takes_pictures: bool,
}

impl Browser {
    fn prepare() -> Result<Self> {
        let mut progress = Progress::new(5);
        let needs = [&POSTGRES, &REDIS, &PROXIES, &NODE, &PYTHON, &CHROMIUM];
        progress.step("packages", |step| packages::ensure(&needs, step))?;
        progress.step("Node", node::node)?;
        progress.step("npm packages", browser::node_packages)?;
        progress.step("Chromium", browser::own_browser)?;
        progress.step("Python packages", python::packages)?;
        Ok(Self {
            chromium: browser::chromium(),
            takes_pictures: true,
        })
    }

    /// One run on each database, with its arguments.
    fn test_all<S: AsRef<OsStr>>(&self, args: [&[S]; 2], report: &mut Report) -> Result<()> {
        for (database, args) in [Database::Sqlite, Database::Postgres].into_iter().zip(args) {
            report.tests(database.title(), |counts| self.test(database, args, counts))?;
        }
        Ok(())
    }

    /// All pictures of the run on one page, and that page as pictures.
    fn contact_sheet(&self) -> Result<()> {
        self.with_chromium(Cmd::line("node contact-sheet.mjs").dir(FOLDER))
            .run()
    }

    fn with_chromium(&self, command: Cmd) -> Cmd {
        match &self.chromium {
            Some(chromium) => command.env("CHROMIUM_BIN", chromium),
            None => command,
        }
    }

    /// One run of all browser tests. Playwright's
    /// configuration starts the server with what it is given.
    fn test<S: AsRef<OsStr>>(
        &self,
        database: Database,
        args: &[S],
        counts: &mut TestCounts,
    ) -> Result<()> {
        // What replicas share. They themselves and the proxy are Playwright's to start.
        let shared = match database {
            Database::Postgres => Some((Postgres::start()?, Redis::start()?)),
            Database::Sqlite => None,
        };
        // A filter that names a file about looks alone runs nothing on PostgreSQL.
        let mut playwright = Cmd::line("npx playwright test")
            .args(args)
            .args(shared.as_ref().map(|_| "--pass-with-no-tests"))
            .dir(FOLDER)
            .without_settings()
            .env("VESTIBULE_BIN", build::server_binary()?)
            .env("VESTIBULE_SITE_DIR", fs::canonicalize(SITE)?)
            .env("E2E_PORT", free_port()?.to_string())
            .env("E2E_PYTHON", python::python()?)
            // Pages look the same on both databases.
            .env("E2E_LOOKS", on_or_off(database == Database::Sqlite))
            .env("E2E_PICTURES", on_or_off(self.takes_pictures));
        if let Some((postgres, redis)) = &shared {
            let ports = format!("{} {}", free_port()?, free_port()?);
            playwright = playwright
                .env("E2E_DATABASE_URL", postgres.create("vestibule_e2e")?)
                .env("E2E_REDIS_URL", redis.url())
                .env("E2E_REPLICA_PORTS", ports);
        }
        let playwright = self.with_chromium(playwright);
        let report = Path::new(FOLDER).join("test-results/report.json");
        let _ = fs::remove_file(&report);
        let result = playwright.run();
        let text = fs::read_to_string(&report).unwrap_or_default();
        counts.add(read_report(&text));
        result
    }
}

/// The counts in the report that Playwright's JSON reporter leaves; none where it is missing.
fn read_report(text: &str) -> TestCounts {
    let report: Value = serde_json::from_str(text).unwrap_or_default();
    let number = |name: &str| report["stats"][name].as_u64().unwrap_or(0);
    TestCounts {
        // A flaky test failed first and passed when it was tried again.
        passed: number("expected") + number("flaky"),
        failed: number("unexpected"),
        skipped: number("skipped"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_are_read() {
        let text = r#"{"stats": {"expected": 40, "unexpected": 2, "flaky": 1, "skipped": 3}}"#;
        assert_eq!(
            read_report(text),
            TestCounts {
                passed: 41,
                failed: 2,
                skipped: 3
            }
        );
        assert_eq!(read_report(""), TestCounts::default());
    }
}
