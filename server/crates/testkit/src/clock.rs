use std::sync::Mutex;

use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use vestibule_core::ports::Clock;

/// A clock that stands still until a test moves it.
pub struct FakeClock(Mutex<OffsetDateTime>);

impl FakeClock {
    /// The morning on which every test begins.
    pub const START: OffsetDateTime = datetime!(2026-11-24 08:30:00.123456 UTC);

    pub fn new() -> Self {
        Self(Mutex::new(Self::START))
    }

    pub fn advance(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }
}

impl Default for FakeClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for FakeClock {
    fn now(&self) -> OffsetDateTime {
        *self.0.lock().unwrap()
    }
}
