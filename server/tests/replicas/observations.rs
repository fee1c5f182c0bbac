//! What is broken in each phase of a run, what that allows, and how its requests ended.

use std::io::{self, ErrorKind};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::http::Answer;

/// The codes that there are, in a table.
const CONTRACT: &str = include_str!("../../../docs/API.md");

/// What may become of a request.
#[derive(Clone, Copy, Debug, Default)]
pub struct Allowed {
    /// It may be answered with 503.
    pub unavailable: bool,
    /// It may be cut off.
    pub lost: bool,
    /// How long its answer may take.
    pub slowest: Duration,
}

impl Allowed {
    /// Nothing is broken. A machine that is busy with other things may still take its time.
    pub const NO_FAULT: Self = Self {
        unavailable: false,
        lost: false,
        slowest: Duration::from_secs(10),
    };
}

/// A time in which one thing is broken, or none.
#[derive(Default)]
pub struct Phase {
    pub name: String,
    allowed: Allowed,
    pub requests: u32,
    /// Answered with what was asked for, or refused for a reason.
    pub answered: u32,
    pub unavailable: u32,
    pub lost: u32,
    pub slowest: Duration,
}

/// Noted when a request begins.
#[derive(Clone, Copy)]
pub struct Begun {
    phase: usize,
    at: Instant,
}

#[derive(Default)]
pub struct Observations(Mutex<State>);

#[derive(Default)]
struct State {
    phases: Vec<Phase>,
    violations: Vec<String>,
}

impl Observations {
    /// Starts the next phase.
    pub fn start_phase(&self, name: &str, allowed: Allowed) {
        self.lock().phases.push(Phase {
            name: name.to_owned(),
            allowed,
            ..Phase::default()
        });
    }

    /// Reads the current phase.
    pub fn phase<T>(&self, look: impl FnOnce(&Phase) -> T) -> T {
        look(self.lock().phases.last().unwrap())
    }

    /// How much there was of each: requests, 503, lost.
    pub fn sums(&self) -> (u32, u32, u32) {
        let state = self.lock();
        let sum = |part: fn(&Phase) -> u32| state.phases.iter().map(part).sum();
        (
            sum(|phase| phase.requests),
            sum(|phase| phase.unavailable),
            sum(|phase| phase.lost),
        )
    }

    pub fn violation(&self, text: impl Into<String>) {
        let mut state = self.lock();
        let phase = state.phases.last().map(|phase| phase.name.clone());
        let text = format!("[{}] {}", phase.unwrap_or_default(), text.into());
        state.violations.push(text);
    }

    /// Panics with what went wrong, if anything did.
    pub fn assert_no_violations(&self) {
        let violations = std::mem::take(&mut self.lock().violations);
        let first: Vec<&str> = violations.iter().take(20).map(String::as_str).collect();
        assert!(
            violations.is_empty(),
            "{} violations:\n{}",
            violations.len(),
            first.join("\n")
        );
    }

    pub fn begin(&self) -> Begun {
        let mut state = self.lock();
        let phase = state.phases.len() - 1;
        state.phases[phase].requests += 1;
        Begun {
            phase,
            at: Instant::now(),
        }
    }

    /// Judges how a request ended; the answer, if its outcome is known.
    pub fn end(&self, begun: Begun, path: &str, result: io::Result<Answer>) -> Option<Answer> {
        let took = begun.at.elapsed();
        let mut found = Vec::new();
        let mut state = self.lock();
        // What a phase allows may happen to each request that overlaps it.
        let mut allowed = Allowed::default();
        for phase in &state.phases[begun.phase..] {
            allowed.unavailable |= phase.allowed.unavailable;
            allowed.lost |= phase.allowed.lost;
            allowed.slowest = allowed.slowest.max(phase.allowed.slowest);
        }
        let phase = &mut state.phases[begun.phase];
        phase.slowest = phase.slowest.max(took);
        if took > allowed.slowest {
            found.push(format!("took {took:?}"));
        }
        let answer = match result {
            Ok(answer) if answer.status == 503 => {
                phase.unavailable += 1;
                if !allowed.unavailable {
                    found.push(format!("503 {}", answer.body));
                }
                found.extend(unconventional(&answer));
                None
            }
            Ok(answer) => {
                phase.answered += 1;
                found.extend(unconventional(&answer));
                Some(answer)
            }
            Err(error) => {
                phase.lost += 1;
                if !allowed.lost || error.kind() == ErrorKind::TimedOut {
                    found.push(format!("no answer: {error}"));
                }
                None
            }
        };
        drop(state);
        for violation in found {
            self.violation(format!("{path}: {violation}"));
        }
        answer
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where an error breaks the contract.
fn unconventional(answer: &Answer) -> Option<String> {
    if answer.status < 400 {
        return None;
    }
    let problem = answer.json();
    let code = problem["code"].as_str().unwrap_or_default();
    let is_documented = CONTRACT.contains(&format!("| {} | `{code}` |", answer.status));
    let has_type = answer.header("content-type") == Some("application/problem+json");
    let id = answer.header("x-request-id");
    let has_id = id.is_some() && problem["request_id"].as_str() == id;
    let needs_time = matches!(answer.status, 429 | 503);
    let has_time = answer.retry_after().is_some_and(|seconds| seconds > 0);
    let is_good = is_documented && has_type && has_id && has_time == needs_time;
    (!is_good || answer.status == 500).then(|| format!("{} {}", answer.status, answer.body))
}
