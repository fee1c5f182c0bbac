use std::collections::BTreeMap;
use std::sync::Mutex;

use tokio_util::sync::CancellationToken;
use vestibule_core::lock;

/// The connections that wait for a request, and can make room for others.
#[derive(Default)]
pub struct Waiting(Mutex<Queue>);

#[derive(Default)]
struct Queue {
    next: u64,
    /// By turn: the first has waited longest. Each with what asks it to close.
    closers: BTreeMap<u64, CancellationToken>,
}

/// A place in the queue of those that wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn(u64);

impl Waiting {
    pub fn join(&self, closer: CancellationToken) -> Turn {
        let mut queue = lock(&self.0);
        let turn = queue.next;
        queue.next += 1;
        queue.closers.insert(turn, closer);
        Turn(turn)
    }

    pub fn leave(&self, turn: Turn) {
        lock(&self.0).closers.remove(&turn.0);
    }

    /// Asks the connection that has waited longest to close, if there is one. It has its request
    /// answered first if that has just come. `false`: none waits.
    pub fn close_longest(&self) -> bool {
        let longest = lock(&self.0).closers.pop_first();
        longest.map(|(_, closer)| closer.cancel()).is_some()
    }
}
