use async_trait::async_trait;
use time::OffsetDateTime;

use super::Result;

/// Mails that are neither sent nor given up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MailQueue {
    pub waiting: u64,
    /// When the oldest of them was put in.
    pub oldest: Option<OffsetDateTime>,
}

/// How many there are of what grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreCounts {
    pub users: u64,
    pub verified_users: u64,
    pub active_sessions: u64,
}

/// What metrics show of the data.
#[async_trait]
pub trait Statistics {
    async fn mail_queue(&mut self) -> Result<MailQueue>;

    /// Counts accounts and sessions. It reads whole tables: ask now and then, not with a request.
    async fn counts(&mut self, now: OffsetDateTime) -> Result<StoreCounts>;
}
