use std::time::Duration;

use time::OffsetDateTime;
use uuid::Uuid;

/// The time. A parameter, so that tests move it.
pub trait Clock: Send + Sync {
    /// Now in UTC, truncated to microseconds (what every database keeps).
    fn now(&self) -> OffsetDateTime;
}

/// The time of the machine.
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the clock"
    )]
    fn now(&self) -> OffsetDateTime {
        let now = OffsetDateTime::now_utc();
        now.replace_microsecond(now.microsecond()).unwrap_or(now)
    }
}

/// Unguessable bytes. A parameter, so that tests repeat.
pub trait Random: Send + Sync {
    /// Overwrites the bytes with unguessable ones.
    fn fill(&self, bytes: &mut [u8]);

    /// A time-ordered id (RFC 9562, UUIDv7). An id is never a secret.
    fn id(&self, now: OffsetDateTime) -> Uuid {
        let mut bytes = [0; 10];
        self.fill(&mut bytes);
        let millis = u64::try_from(now.unix_timestamp_nanos() / 1_000_000).unwrap_or_default();
        uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
    }

    /// Three to five quarters of a time, so that what failed together does not come back together.
    fn around(&self, time: Duration) -> Duration {
        let mut byte = [0];
        self.fill(&mut byte);
        time.mul_f64(0.75 + f64::from(byte[0]) / 510.0)
    }
}
