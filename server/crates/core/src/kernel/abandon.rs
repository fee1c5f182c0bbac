//! Whether anybody still waits for the answer to a request.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Lets work that waits for a thread see whether its request was answered meanwhile, or its client
/// has gone. The default is never abandoned.
#[derive(Clone, Debug, Default)]
pub struct Abandoned(Option<Arc<Flag>>);

#[derive(Debug)]
struct Flag {
    is_set: AtomicBool,
    outer: Abandoned,
}

/// The task that waits for the answer holds this; dropping it means that none does any more.
#[derive(Debug)]
pub struct Waiter(Arc<Flag>);

impl Abandoned {
    /// One that is abandoned with this one, or when its waiter ends.
    pub fn inner(&self) -> (Self, Waiter) {
        let flag = Arc::new(Flag {
            is_set: AtomicBool::new(false),
            outer: self.clone(),
        });
        (Self(Some(Arc::clone(&flag))), Waiter(flag))
    }

    pub fn is_abandoned(&self) -> bool {
        self.0
            .as_ref()
            .is_some_and(|flag| flag.is_set.load(Ordering::Relaxed) || flag.outer.is_abandoned())
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        self.0.is_set.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_abandoned_when_either_of_those_who_wait_for_it_has_gone() {
        let (outer, client) = Abandoned::default().inner();
        let (inner, time_limit) = outer.inner();
        assert!(!inner.is_abandoned());
        drop(time_limit);
        assert!(inner.is_abandoned() && !outer.is_abandoned());
        let (inner, _time_limit) = outer.inner();
        drop(client);
        assert!(inner.is_abandoned() && outer.is_abandoned());
        assert!(!Abandoned::default().is_abandoned());
    }
}
