//! A circuit breaker: a Redis that does not answer is not asked for a while,
//! so that requests do not wait for it.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use vestibule_core::{Alert, lock};

/// Failures in a row that open the circuit.
const MAX_FAILURES: u32 = 3;
/// How long it stays open; then one call is let through.
const PAUSE: Duration = Duration::from_secs(1);

#[derive(Default)]
pub(super) struct Breaker(Mutex<State>);

#[derive(Default)]
struct State {
    failures: u32,
    open_until: Option<Instant>,
    alert: Alert,
    is_end_unreported: bool,
}

impl Breaker {
    /// Whether a call may be tried now. After a pause one
    /// caller is let through, and the others a pause later.
    pub(super) fn may_call(&self, now: Instant) -> bool {
        let mut state = lock(&self.0);
        match state.open_until {
            None => true,
            Some(until) if until > now => false,
            Some(_) => {
                state.open_until = Some(now + PAUSE);
                true
            }
        }
    }

    /// Notes an answer; whether it ends failures that were reported.
    pub(super) fn succeeded(&self) -> bool {
        let mut state = lock(&self.0);
        state.failures = 0;
        state.open_until = None;
        std::mem::take(&mut state.is_end_unreported)
    }

    /// Notes a failure; whether it is time to report it.
    pub(super) fn failed(&self, now: Instant) -> bool {
        let mut state = lock(&self.0);
        state.failures = state.failures.saturating_add(1);
        if state.failures >= MAX_FAILURES {
            state.open_until = Some(now + PAUSE);
        }
        let is_due = state.alert.is_due(now);
        state.is_end_unreported |= is_due;
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_failures_open_it_and_one_caller_a_second_tries_again() {
        let breaker = Breaker::default();
        let start = Instant::now();
        for _ in 0..3 {
            assert!(breaker.may_call(start));
            breaker.failed(start);
        }
        let almost = PAUSE.saturating_sub(Duration::from_millis(1));
        assert!(!breaker.may_call(start + almost));
        let later = start + PAUSE;
        assert!(breaker.may_call(later));
        assert!(!breaker.may_call(later), "only one");
        breaker.failed(later);
        assert!(!breaker.may_call(later + PAUSE / 2));
        assert!(breaker.may_call(later + PAUSE));
        assert!(breaker.succeeded(), "the end of an outage is reported");
        assert!(breaker.may_call(later + PAUSE));
        assert!(breaker.may_call(later + PAUSE));
    }

    #[test]
    fn failures_are_logged_once_a_minute_whatever_comes_between() {
        for has_successes in [false, true] {
            let breaker = Breaker::default();
            let start = Instant::now();
            let mut ends = 0;
            let reported: Vec<u64> = (0..130)
                .filter(|second| {
                    ends += u32::from(has_successes && breaker.succeeded());
                    breaker.failed(start + Duration::from_secs(*second))
                })
                .collect();
            assert_eq!(reported, [0, 60, 120]);
            assert_eq!(ends, if has_successes { 3 } else { 0 });
        }
    }

    #[test]
    fn a_success_between_failures_keeps_it_closed() {
        let breaker = Breaker::default();
        let now = Instant::now();
        for _ in 0..10 {
            breaker.failed(now);
            breaker.failed(now);
            breaker.succeeded();
        }
        assert!(breaker.may_call(now));
    }
}
