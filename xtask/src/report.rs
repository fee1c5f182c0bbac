//! What the commands say: progress while they work, a summary at the end.

use std::fmt;
use std::process::{self, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use vestibule_daemons::{cpu_time, proc};

/// Numbered steps of a preparation: `[2/6] wasm target: present`.
pub struct Progress {
    step: usize,
    steps: usize,
}

impl Progress {
    pub fn new(steps: usize) -> Self {
        Self { step: 0, steps }
    }

    /// Runs one step. It gets a [`Step`] to speak through, and returns in a few words how it ended.
    pub fn step<T: fmt::Display>(
        &mut self,
        name: &str,
        work: impl FnOnce(&Step) -> Result<T>,
    ) -> Result<()> {
        self.step += 1;
        let step = Step {
            label: format!("[{}/{}] {name}", self.step, self.steps),
        };
        let start = Instant::now();
        let outcome = work(&step)?;
        let took = start.elapsed();
        if took < Duration::from_secs(1) {
            step.say(outcome);
        } else {
            step.say(format_args!("{outcome} ({})", human(took)));
        }
        Ok(())
    }
}

pub struct Step {
    label: String,
}

impl Step {
    pub fn say(&self, text: impl fmt::Display) {
        println!("{}: {text}", self.label);
    }
}

/// How many tests ran, and how they ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TestCounts {
    pub passed: u64,
    pub failed: u64,
    pub skipped: u64,
}

impl TestCounts {
    pub fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for TestCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(f, ", {} skipped", self.skipped)?;
        }
        Ok(())
    }
}

/// The steps of a test run with their outcome, for the summary.
#[derive(Default)]
pub struct Report {
    rows: Vec<Row>,
    total: TestCounts,
    budgets: &'static [Budget],
}

/// A step, and how many minutes of a processor it may take. It is not the time on the clock, which
/// a busy machine makes longer.
pub type Budget = (&'static str, u64);

struct Row {
    name: &'static str,
    outcome: String,
    took: Duration,
    worked: Duration,
}

impl Report {
    /// One whose steps fail above their budgets.
    pub fn within(budgets: &'static [Budget]) -> Self {
        Self {
            budgets,
            ..Self::default()
        }
    }

    /// Runs a step that either holds or does not.
    pub fn check<T>(&mut self, name: &'static str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        self.tests(name, |_| work())
    }

    /// Runs a step that counts tests. The counts stand even when it fails.
    pub fn tests<T>(
        &mut self,
        name: &'static str,
        work: impl FnOnce(&mut TestCounts) -> Result<T>,
    ) -> Result<T> {
        println!("\n== {name} ==");
        let (start, worked) = (Instant::now(), cpu_time(process::id()));
        let mut counts = TestCounts::default();
        let result = work(&mut counts);
        let worked = cpu_time(process::id()).saturating_sub(worked);
        let result = result.and_then(|done| self.check_budget(name, worked).map(|()| done));
        // A run that failed without a failed test (it did not compile,
        // say) is not a run with nothing failed.
        if result.is_err() && counts.failed == 0 {
            counts.failed = 1;
        }
        let outcome = match &result {
            Err(error) if counts.passed + counts.failed <= 1 => format!("FAILED: {error:#}"),
            Err(_) => format!("FAILED: {counts}"),
            Ok(_) if counts == TestCounts::default() => "ok".to_owned(),
            Ok(_) => counts.to_string(),
        };
        self.total.add(counts);
        self.rows.push(Row {
            name,
            outcome,
            took: start.elapsed(),
            worked,
        });
        result
    }

    fn check_budget(&self, name: &str, worked: Duration) -> Result<()> {
        let budget = self.budgets.iter().find(|(step, _)| *step == name);
        let Some(minutes) = budget.map(|(_, minutes)| *minutes) else {
            return Ok(());
        };
        if worked > Duration::from_mins(minutes) {
            bail!(
                "it took {} of a processor, and its budget is {minutes} min (docs/adr/0021-affordable-checks.md)",
                human(worked)
            );
        }
        Ok(())
    }

    /// Ends a test run: prints the block whose last line holds the sum, and says how to exit.
    pub fn finish(self, result: Result<()>) -> Result<ExitCode> {
        self.print();
        match result {
            Err(error) if proc::interrupted() => Err(error),
            Err(_) => Ok(ExitCode::FAILURE),
            Ok(()) => Ok(ExitCode::SUCCESS),
        }
    }

    fn print(&self) {
        println!("\n== summary ==");
        println!("{:<30} {:>12} {:>12}", "", "time", "processor");
        for row in &self.rows {
            let (took, worked) = (human(row.took), human(row.worked));
            println!("{:<30} {took:>12} {worked:>12}  {}", row.name, row.outcome);
        }
        println!(
            "\n{} passed, {} failed",
            self.total.passed, self.total.failed
        );
    }
}

/// Shows the violations that a check has found. Any of them fails it.
pub fn refuse(violations: &[String], what: &str) -> Result<()> {
    for violation in violations {
        eprintln!("{violation}");
    }
    ensure!(violations.is_empty(), "{} {what}", violations.len());
    Ok(())
}

/// `0.4 s`, `12 s`, `3 min 5 s`.
pub fn human(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..10 => format!("{:.1} s", time.as_secs_f64()),
        10..60 => format!("{seconds} s"),
        _ => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short() {
        assert_eq!(human(Duration::from_millis(420)), "0.4 s");
        assert_eq!(human(Duration::from_secs(59)), "59 s");
        assert_eq!(human(Duration::from_secs(185)), "3 min 5 s");
    }

    #[test]
    fn a_failed_step_is_one_failure_at_least() {
        for (counted, expected) in [(0, 1), (2, 2)] {
            let mut report = Report::default();
            let result: Result<()> = report.tests("broken", |counts| {
                (counts.passed, counts.failed) = (3, counted);
                bail!("no")
            });
            assert!(result.is_err());
            let TestCounts { passed, failed, .. } = report.total;
            assert_eq!((passed, failed), (3, expected));
        }
    }

    #[test]
    fn a_step_above_its_budget_fails() {
        let mut report = Report::within(&[("short", 0), ("long", 1)]);
        let work = || proc::Cmd::new("sh").args(["-c", WORK]).run();
        assert!(report.check("long", work).is_ok());
        assert!(report.check("without a budget", work).is_ok());
        let error = report.check("short", work).unwrap_err();
        assert!(error.to_string().contains("its budget is 0 min"), "{error}");
    }

    /// Some hundredths of a second.
    const WORK: &str = "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done";
}
