//! What was asked of the database, and when it answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How often the database was asked something and waited for, and when it answered last.
///
/// A statement that a connection has not seen before takes one more,
/// to be prepared; that one is not counted.
#[derive(Clone)]
pub(crate) struct RoundTrips(Arc<RoundTripState>);

struct RoundTripState {
    total: AtomicU64,
    began: Instant,
    /// In milliseconds since then; 0 for never.
    last_answer: AtomicU64,
}

impl Default for RoundTrips {
    fn default() -> Self {
        Self(Arc::new(RoundTripState {
            total: AtomicU64::new(0),
            began: Instant::now(),
            last_answer: AtomicU64::new(0),
        }))
    }
}

impl RoundTrips {
    pub fn count(&self) {
        self.0.total.fetch_add(1, Ordering::Relaxed);
    }

    pub fn total(&self) -> u64 {
        self.0.total.load(Ordering::Relaxed)
    }

    pub fn note_answer(&self) {
        let now = self.0.millis().max(1);
        self.0.last_answer.fetch_max(now, Ordering::Relaxed);
    }

    /// Whether the database has answered something within this time.
    pub fn answered_within(&self, time: Duration) -> bool {
        let last = self.0.last_answer.load(Ordering::Relaxed);
        last > 0 && u128::from(self.0.millis().saturating_sub(last)) <= time.as_millis()
    }
}

impl RoundTripState {
    fn millis(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
