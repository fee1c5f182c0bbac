//! The epoch of Redis is a number that it keeps for as long as
//! it keeps its counts: another one means that they are lost.

use std::sync::Mutex;
use std::time::Instant;

use vestibule_core::{Alert, lock};

/// What this process has seen of them.
#[derive(Default)]
pub(super) struct Epochs(Mutex<State>);

#[derive(Default)]
struct State {
    last: Option<u64>,
    alert: Alert,
}

impl Epochs {
    /// Notes the epoch of an answer; whether it is time to report that counts were lost.
    pub(super) fn saw(&self, epoch: u64, now: Instant) -> bool {
        let mut state = lock(&self.0);
        let is_another = state.last.replace(epoch).is_some_and(|last| last != epoch);
        is_another && state.alert.is_due(now)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn another_epoch_is_logged_once_a_minute() {
        let epochs = Epochs::default();
        let start = Instant::now();
        let saw = |epoch, second| epochs.saw(epoch, start + Duration::from_secs(second));
        assert!(!saw(1, 0), "the first is no loss");
        assert!(!saw(1, 1));
        assert!(saw(2, 2));
        assert!(!saw(3, 3), "reported already");
        assert!(!saw(3, 100), "the same");
        assert!(saw(4, 101));
    }
}
