//! The project's commands. `cargo xtask` alone lists them.

mod browser;
mod build;
mod chaos;
mod deps;
mod e2e;
mod frontend;
mod node;
mod packages;
mod report;
mod run;
mod size;
mod test;
mod tools;

use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use vestibule_daemons::proc;

const HELP: &str = "\
Usage: cargo xtask COMMAND

  run [-- ARGS]                 build everything and serve it at http://127.0.0.1:3000;
                                ARGS go to `vestibule serve`
  test [--quick] [--filter S]   format, lints, dependency rules, cargo tests, a short selection of `chaos` and
                                browser tests, with a PostgreSQL and a Redis of their own; --quick leaves out
                                the databases and the browser, --filter takes only the tests whose names contain S
  ci                            the same as test
  e2e [--headed] [ARGS]         the browser tests alone; ARGS go to Playwright
  chaos [--seed N]              kills and blocks PostgreSQL, Redis, the mail server and the portal itself under
                                load, for at most ten minutes; the seed repeats the order of an earlier run
  dist                          target/dist/vestibule: one file with the site inside
  size                          measure that file against the project's limits
  check-deps                    the dependency rules alone
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
    let Some((command, rest)) = args.split_first() else {
        print!("{HELP}");
        return Ok(ExitCode::SUCCESS);
    };
    enter_root()?;
    match command.as_str() {
        "run" => run::run(rest)?,
        "test" | "ci" => return test::run(rest),
        "e2e" => return e2e::run(rest),
        "chaos" => return chaos::run(rest),
        "dist" => build::dist()?,
        "size" => return size::run(),
        "check-deps" => deps::run()?,
        "help" | "--help" | "-h" => print!("{HELP}"),
        other => bail!("there is no command `{other}`; `cargo xtask` lists them"),
    }
    Ok(ExitCode::SUCCESS)
}

/// Works from the root of the repository, so that every path below is short, in code and in messages.
fn enter_root() -> Result<()> {
    // Cargo sets the variable for `cargo run`; the compiled-in path serves a binary that was started by hand.
    let here = env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    let root = here.parent().unwrap_or(Path::new("."));
    env::set_current_dir(root).with_context(|| format!("cannot enter {}", root.display()))
}
