use std::time::Duration;

use async_trait::async_trait;
use time::OffsetDateTime;

use super::BoxError;

/// How much of something one key may do: `burst` at once, then one each `period`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    pub burst: u32,
    pub period: Duration,
}

/// One unit of a key's quota. The key names the limit and whom it is kept for, which may be a
/// network in clear: an adapter that keeps it where others may look hides it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    pub key: String,
    pub quota: Quota,
}

/// Whether one more is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    Allowed,
    Limited {
        /// The place of the charge that has to wait longest.
        charge: usize,
        /// Not before this time has passed; never zero.
        retry_after: Duration,
    },
}

/// Counts per key, atomically: of parallel callers, at most `burst` pass.
#[async_trait]
pub trait RateLimiter: Send + Sync {
    /// Takes every charge, or none and says when all of them can be taken. One round trip.
    async fn take(&self, charges: &[Charge], now: OffsetDateTime) -> Result<Decision, BoxError>;

    /// Gives back what was taken, for example because the password was right after all.
    async fn give_back(&self, charges: &[Charge], now: OffsetDateTime) -> Result<(), BoxError>;

    /// Forgets what was taken from the quotas of these charges: they are full again.
    async fn reset(&self, charges: &[Charge]) -> Result<(), BoxError>;
}
