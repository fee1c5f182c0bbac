use std::time::Duration;

use async_trait::async_trait;
use time::OffsetDateTime;

use crate::error::BoxError;

/// How much of something one key may do: `burst` at once, then one each `period`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    pub burst: u32,
    pub period: Duration,
}

/// Whether one more is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    Allowed,
    /// Not before this time has passed; never zero.
    Limited {
        retry_after: Duration,
    },
}

/// Counts per key, atomically: of parallel callers, at most `burst` pass.
#[async_trait]
pub trait RateLimiter: Send + Sync {
    /// Takes one from the key's quota, or says when one is there again. A refusal takes nothing.
    async fn take(
        &self,
        key: &str,
        quota: Quota,
        now: OffsetDateTime,
    ) -> Result<Decision, BoxError>;

    /// Gives back one that was taken, for example because the password was right after all.
    async fn give_back(&self, key: &str, quota: Quota) -> Result<(), BoxError>;

    /// Forgets the key: its quota is full again.
    async fn reset(&self, key: &str) -> Result<(), BoxError>;
}
