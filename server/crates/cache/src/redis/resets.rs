//! Resets that Redis has not confirmed: they are done with the next calls that reach it.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use vestibule_core::lock;

/// So many keys wait at most; the oldest go first.
const MAX_WAITING: usize = 1000;
/// So many are done with one call.
const MAX_AT_ONCE: usize = 50;
/// One that was done, and whose answer was lost, must not give a client a fresh quota long after.
const MAX_AGE: Duration = Duration::from_mins(5);

/// A key whose count has to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reset {
    pub key: String,
    since: Instant,
}

#[derive(Default)]
pub(super) struct Resets(Mutex<VecDeque<Reset>>);

impl Resets {
    pub(super) fn add(&self, keys: impl Iterator<Item = String>, since: Instant) {
        let mut waiting = lock(&self.0);
        for key in keys {
            waiting.retain(|other| other.key != key);
            waiting.push_back(Reset { key, since });
        }
        let surplus = waiting.len().saturating_sub(MAX_WAITING);
        waiting.drain(..surplus);
    }

    /// The newest of them. They stay until they are done:
    /// the caller may be dropped while it waits.
    pub(super) fn waiting(&self, now: Instant) -> Vec<Reset> {
        let mut waiting = lock(&self.0);
        waiting.retain(|reset| now.saturating_duration_since(reset.since) <= MAX_AGE);
        waiting.iter().rev().take(MAX_AT_ONCE).cloned().collect()
    }

    /// One of the same key that came meanwhile stays.
    pub(super) fn done(&self, resets: &[Reset]) {
        if !resets.is_empty() {
            lock(&self.0).retain(|reset| !resets.contains(reset));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(resets: &[Reset]) -> Vec<&str> {
        resets.iter().map(|reset| reset.key.as_str()).collect()
    }

    #[test]
    fn the_oldest_are_dropped_and_none_waits_twice() {
        let (resets, start) = (Resets::default(), Instant::now());
        let name = |number: usize| number.to_string();
        resets.add((0..MAX_WAITING).map(name), start);
        resets.add([name(0), name(MAX_WAITING)].into_iter(), start);
        let waiting = resets.waiting(start);
        assert_eq!(waiting.len(), MAX_AT_ONCE);
        assert_eq!(keys(&waiting)[..2], [name(MAX_WAITING), name(0)]);
        let mut left = MAX_WAITING;
        while left > 0 {
            assert_eq!(lock(&resets.0).len(), left);
            resets.done(&resets.waiting(start));
            left -= MAX_AT_ONCE;
        }
        assert!(resets.waiting(start).is_empty());
    }

    #[test]
    fn one_that_came_while_another_was_done_stays() {
        let (resets, start) = (Resets::default(), Instant::now());
        let add = |at| resets.add(["a".to_owned()].into_iter(), at);
        add(start);
        let asked = resets.waiting(start);
        let later = start + Duration::from_secs(1);
        add(later);
        resets.done(&asked);
        assert_eq!(keys(&resets.waiting(later)), ["a"]);
        assert!(
            resets
                .waiting(later + MAX_AGE + Duration::from_secs(1))
                .is_empty()
        );
    }
}
