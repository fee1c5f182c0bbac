//! The project's commands. `cargo xtask` alone lists them.

mod bench;
mod book;
mod browser;
mod build;
mod cargo_tests;
mod chaos;
mod code;
mod deploy;
mod deps;
mod docs;
mod e2e;
mod frontend;
mod node;
mod packages;
mod python;
mod report;
mod run;
mod size;
mod supply;
mod test;
mod tools;
mod versions;

use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use vestibule_daemons::proc;

const HELP: &str = "\
Usage: cargo xtask COMMAND

  run [-- ARGS]                 build everything and serve it at http://localhost:3000;
                                ARGS go to `vestibule serve`
  test [--quick] [--filter S]   format, documents, lints, code and dependency rules, the files of deploy/, cargo tests, a
                                short selection of `chaos` and browser tests, with a PostgreSQL and a Redis of their
                                own; --quick leaves out deploy/, PostgreSQL, Redis, `chaos` and the browser, --filter
                                takes only the tests whose names contain S
  ci                            the same as test
  e2e [--headed] [ARGS]         the browser tests alone; ARGS go to Playwright
  chaos [--seed N]              kills and blocks PostgreSQL, Redis, the mail server and the portal itself under
                                load, for at most ten minutes; the seed repeats the order of an earlier run
  versions                      the tests on the oldest and the newest PostgreSQL and Redis that are supported, which
                                it fetches with npm and pip, and what `test` leaves out of races and browser
  bench [--growth | --peers] [--seconds N] [--accounts N] [--built FOLDER]
                                what the portal does in a second, on SQLite, on PostgreSQL, and with Redis, as ratios to
                                what the machine could do; --growth with a million accounts beside a thousand, --peers
                                beside other products, which it fetches with npm and pip: docs/PERFORMANCE.md
  dist                          target/dist/vestibule: one file with the site inside
  size                          measure that file against the project's limits
  check-code                    the code rules alone: length of files and comments, no import circles, the core's floor plan, no replaced words
  check-deps                    the dependency rules alone: directions, wasm, and migrations for both databases
  check-supply [--offline]      cargo-deny and npm audit: known weaknesses, licences, bans, duplicates, sources; it compiles
                                cargo-deny the first time
  check-deploy                  the files of deploy/, read by promtool, amtool, Docker Compose, kubectl, hadolint and others
  book                          target/book/html: the documents as a book, which the release workflow builds
  check-docs                    every path, test, command, link and anchor that a document names exists
";

fn main() -> ExitCode {
    let result = proc::on_interrupt().and_then(|()| dispatch());
    match result {
        Ok(code) => code,
        Err(_) if proc::interrupted() => {
            eprintln!("Interrupted.");
            ExitCode::from(130)
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch() -> Result<ExitCode> {
    let args: Vec<String> = env::args().skip(1).collect();
    let Some((name, rest)) = args.split_first() else {
        return help(&[]);
    };
    let Some(run) = command(name) else {
        bail!("there is no command `{name}`; `cargo xtask` lists them");
    };
    enter_root()?;
    proc::keep_temporary_files_in_memory();
    run(rest)
}

/// What a command does with its arguments.
type Command = fn(&[String]) -> Result<ExitCode>;

/// The command of this name.
fn command(name: &str) -> Option<Command> {
    Some(match name {
        "run" => |args| succeed(run::run(args)),
        "test" | "ci" => test::run,
        "e2e" => e2e::run,
        "chaos" => chaos::run,
        "versions" => |_| versions::run(),
        "bench" => |args| succeed(bench::run(args)),
        "dist" => |_| succeed(build::dist()),
        "size" => |_| succeed(size::run()),
        "check-code" => |_| succeed(code::run()),
        "check-deps" => |_| succeed(deps::run()),
        "check-supply" => |args| succeed(supply::run(args)),
        "check-deploy" => |_| succeed(deploy::run()),
        "check-docs" => |_| succeed(docs::run()),
        "book" => |_| succeed(book::run()),
        "help" | "--help" | "-h" => help,
        _ => return None,
    })
}

fn succeed(result: Result<()>) -> Result<ExitCode> {
    result.map(|()| ExitCode::SUCCESS)
}

#[expect(clippy::unnecessary_wraps, reason = "a command like the others")]
fn help(_: &[String]) -> Result<ExitCode> {
    print!("{HELP}");
    Ok(ExitCode::SUCCESS)
}

/// Works from the root of the repository, so that every path below is short,
/// in code and in messages.
fn enter_root() -> Result<()> {
    // Cargo sets the variable for `cargo run`; the compiled-in
    // path serves a binary that was started by hand.
    let here = env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    let root = here.parent().unwrap_or(Path::new("."));
    env::set_current_dir(root).with_context(|| format!("cannot enter {}", root.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_that_is_listed_exists() {
        let listed = HELP.lines().filter_map(|line| {
            let line = line.strip_prefix("  ")?;
            line.split([' ', '['])
                .next()
                .filter(|name| !name.is_empty())
        });
        let listed: Vec<&str> = listed.collect();
        assert!(listed.len() >= 8, "{listed:?}");
        for name in listed {
            assert!(command(name).is_some(), "{name}");
        }
        assert!(command("no-such-thing").is_none());
    }
}
