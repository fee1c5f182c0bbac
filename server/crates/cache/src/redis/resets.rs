//! Resets that Redis has not confirmed: they are done with the next call that reaches it.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// So many keys wait at most; the oldest go first.
const MAX_WAITING: usize = 1000;

#[derive(Default)]
pub(super) struct Resets(Mutex<VecDeque<String>>);

impl Resets {
    fn lock(&self) -> MutexGuard<'_, VecDeque<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(&self, keys: impl Iterator<Item = String>) {
        let mut waiting = self.lock();
        for key in keys {
            waiting.retain(|other| *other != key);
            waiting.push_back(key);
        }
        let surplus = waiting.len().saturating_sub(MAX_WAITING);
        waiting.drain(..surplus);
    }

    /// They stay until they are done: whoever asks Redis may be dropped while it waits.
    pub(super) fn waiting(&self) -> Vec<String> {
        self.lock().iter().cloned().collect()
    }

    pub(super) fn done(&self, keys: &[String]) {
        if !keys.is_empty() {
            self.lock().retain(|key| !keys.contains(key));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_are_dropped_and_none_waits_twice() {
        let resets = Resets::default();
        let name = |number: usize| number.to_string();
        resets.add((0..MAX_WAITING).map(name));
        resets.add([name(0), name(MAX_WAITING)].into_iter());
        let waiting = resets.waiting();
        assert_eq!(waiting.len(), MAX_WAITING);
        assert_eq!(waiting[0], "2");
        assert_eq!(waiting[MAX_WAITING - 2..], [name(0), name(MAX_WAITING)]);
        resets.done(&waiting[1..]);
        assert_eq!(resets.waiting(), ["2"]);
    }
}
