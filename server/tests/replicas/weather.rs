//! What is broken at the moment, what that allows, and what became of the requests meanwhile.

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
    pub const FAIR: Self = Self {
        unavailable: false,
        lost: false,
        slowest: Duration::from_secs(10),
    };
}

/// A time in which one thing is broken, or nothing is.
pub struct Spell {
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
    spell: usize,
    at: Instant,
}

#[derive(Default)]
pub struct Weather(Mutex<State>);

#[derive(Default)]
struct State {
    spells: Vec<Spell>,
    violations: Vec<String>,
}

impl Weather {
    /// Begins another spell.
    pub fn turn(&self, name: &str, allowed: Allowed) {
        self.lock().spells.push(Spell {
            name: name.to_owned(),
            allowed,
            requests: 0,
            answered: 0,
            unavailable: 0,
            lost: 0,
            slowest: Duration::ZERO,
        });
    }

    /// Looks at the present spell.
    pub fn spell<T>(&self, look: impl FnOnce(&Spell) -> T) -> T {
        look(self.lock().spells.last().unwrap())
    }

    /// How much there was of each: requests, 503, lost.
    pub fn sums(&self) -> (u32, u32, u32) {
        let state = self.lock();
        let sum = |part: fn(&Spell) -> u32| state.spells.iter().map(part).sum();
        (
            sum(|spell| spell.requests),
            sum(|spell| spell.unavailable),
            sum(|spell| spell.lost),
        )
    }

    pub fn violation(&self, text: impl Into<String>) {
        let mut state = self.lock();
        let spell = state.spells.last().map(|spell| spell.name.clone());
        let text = format!("[{}] {}", spell.unwrap_or_default(), text.into());
        state.violations.push(text);
    }

    /// Panics with what went wrong, if anything did.
    pub fn assert_fair(&self) {
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
        let spell = state.spells.len() - 1;
        state.spells[spell].requests += 1;
        Begun {
            spell,
            at: Instant::now(),
        }
    }

    /// Judges how a request ended; the answer, if its outcome is known.
    pub fn end(&self, begun: Begun, path: &str, result: io::Result<Answer>) -> Option<Answer> {
        let took = begun.at.elapsed();
        let mut complaints = Vec::new();
        let mut state = self.lock();
        // What a spell allows may happen to who lived through a part of it.
        let mut allowed = Allowed::default();
        for spell in &state.spells[begun.spell..] {
            allowed.unavailable |= spell.allowed.unavailable;
            allowed.lost |= spell.allowed.lost;
            allowed.slowest = allowed.slowest.max(spell.allowed.slowest);
        }
        let spell = &mut state.spells[begun.spell];
        spell.slowest = spell.slowest.max(took);
        if took > allowed.slowest {
            complaints.push(format!("took {took:?}"));
        }
        let answer = match result {
            Ok(answer) if answer.status == 503 => {
                spell.unavailable += 1;
                if !allowed.unavailable {
                    complaints.push(format!("503 {}", answer.body));
                }
                complaints.extend(unconventional(&answer));
                None
            }
            Ok(answer) => {
                spell.answered += 1;
                complaints.extend(unconventional(&answer));
                Some(answer)
            }
            Err(error) => {
                spell.lost += 1;
                if !allowed.lost || error.kind() == ErrorKind::TimedOut {
                    complaints.push(format!("no answer: {error}"));
                }
                None
            }
        };
        drop(state);
        for complaint in complaints {
            self.violation(format!("{path}: {complaint}"));
        }
        answer
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// In what an error is not as the contract says.
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
