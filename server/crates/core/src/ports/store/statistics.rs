use async_trait::async_trait;
use time::OffsetDateTime;

use super::Result;

/// How much there is of everything that operators watch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub users: u64,
    pub verified_users: u64,
    pub active_sessions: u64,
    /// Mails that are neither sent nor given up.
    pub waiting_mails: u64,
    /// When the oldest of them was put in.
    pub oldest_waiting_mail: Option<OffsetDateTime>,
}

/// What metrics tell of the data.
#[async_trait]
pub trait Statistics {
    /// Counts everything, in one round trip. It reads whole tables: ask now and then, not with a request.
    async fn counts(&mut self, now: OffsetDateTime) -> Result<Counts>;
}
