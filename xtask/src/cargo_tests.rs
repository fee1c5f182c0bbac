//! `cargo test`, as every command runs it.

use std::env;

use anyhow::Result;
use vestibule_daemons::proc::Cmd;

use crate::report::TestCounts;

/// The server's side and the browser's are built apart,
/// because their features of leptos must not meet.
const SERVER_SIDE: &str = "--workspace --exclude vestibule-frontend";

/// Has clippy stand in for the compiler, which it contains: with `cargo clippy` beside it
/// everything would be compiled twice.
pub fn linted(build: Cmd) -> Cmd {
    build
        .env("RUSTC_WORKSPACE_WRAPPER", "clippy-driver")
        .env("CLIPPY_ARGS", "-Dwarnings__CLIPPY_HACKERY__")
}

/// `cargo test` of the server's side, with its lints.
pub fn tests() -> Cmd {
    let tests = Cmd::line(&format!("cargo test --locked {SERVER_SIDE} --no-fail-fast"));
    let tests = linted(tests)
        .without_settings()
        // Many wait more than they compute.
        .env("RUST_TEST_THREADS", "4");
    if env::var_os("CI").is_some() {
        // Nobody builds there a second time.
        return tests.env("CARGO_INCREMENTAL", "0");
    }
    tests
}

/// Runs a command that runs tests, shows what it prints and counts them.
pub fn count_tests(tests: Cmd, counts: &mut TestCounts) -> Result<()> {
    tests.run_lines(|line| {
        println!("{line}");
        counts.add(result_line(line));
    })
}

/// Reads `test result: ok. 12 passed; 0 failed; 1 ignored; ...`; any other line counts nothing.
fn result_line(line: &str) -> TestCounts {
    let Some((_, numbers)) = line
        .strip_prefix("test result: ")
        .and_then(|rest| rest.split_once(". "))
    else {
        return TestCounts::default();
    };
    let number = |word: &str| {
        let found = numbers.split("; ").find_map(|part| part.strip_suffix(word));
        found.and_then(|text| text.trim().parse().ok()).unwrap_or(0)
    };
    TestCounts {
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
            TestCounts {
                passed: 12,
                failed: 3,
                skipped: 1
            }
        );
        assert_eq!(
            result_line("test sessions::rotate ... ok"),
            TestCounts::default()
        );
    }
}
