use std::sync::Mutex;

use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use vestibule_core::ports::Clock;

/// A clock that stands still until a test moves it, or lets it tick.
pub struct FakeClock(Mutex<Hands>);

struct Hands {
    now: OffsetDateTime,
    tick: Duration,
}

impl FakeClock {
    /// The morning on which every test begins.
    pub const START: OffsetDateTime = datetime!(2026-11-24 08:30:00.123456 UTC);

    pub fn new() -> Self {
        Self(Mutex::new(Hands {
            now: Self::START,
            tick: Duration::ZERO,
        }))
    }

    pub fn advance(&self, by: Duration) {
        self.0.lock().unwrap().now += by;
    }

    /// Moves the clock by so much each time that it is read, from now on.
    pub fn tick(&self, by: Duration) {
        self.0.lock().unwrap().tick = by;
    }
}

impl Default for FakeClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for FakeClock {
    fn now(&self) -> OffsetDateTime {
        let mut hands = self.0.lock().unwrap();
        let tick = hands.tick;
        hands.now += tick;
        hands.now
    }
}
