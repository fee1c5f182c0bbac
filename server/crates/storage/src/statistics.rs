//! What metrics show of the data.

use async_trait::async_trait;
use time::OffsetDateTime;
use vestibule_core::ports::{MailQueue, Statistics, StoreCounts, StoreError};

use crate::backend::Backend;
use crate::micros::Micros;
use crate::repository::{Result, Row, SqlRepository};
use crate::sql::{Sql, statements};

statements! {
    const COUNTS: Sql = Sql::both("
select
    (select count(*) from users where deleted_at is null) as users,
    (select count(*) from users where deleted_at is null and is_email_verified) as verified_users,
    (select count(*) from sessions where ended_at is null and expires_at > $1) as active_sessions");

    const MAIL_QUEUE: Sql = Sql::both("
select count(*) as waiting, min(created_at) as oldest
from mail_outbox
where status = 'pending'");
}

#[async_trait]
impl<DB: Backend> Statistics for SqlRepository<DB> {
    async fn mail_queue(&mut self) -> Result<MailQueue> {
        let found = self.fetch_optional(Self::query(MAIL_QUEUE), read_queue);
        Ok(found.await?.unwrap_or_default())
    }

    async fn counts(&mut self, now: OffsetDateTime) -> Result<StoreCounts> {
        let counts = Self::query(COUNTS).bind(Micros(now));
        let found = self.fetch_optional(counts, read).await?;
        Ok(found.unwrap_or_default())
    }
}

fn read_queue<DB: Backend>(row: &Row<DB>) -> Result<MailQueue> {
    Ok(MailQueue {
        waiting: count(row, "waiting")?,
        oldest: row.optional_time("oldest")?,
    })
}

fn read<DB: Backend>(row: &Row<DB>) -> Result<StoreCounts> {
    Ok(StoreCounts {
        users: count(row, "users")?,
        verified_users: count(row, "verified_users")?,
        active_sessions: count(row, "active_sessions")?,
    })
}

fn count<DB: Backend>(row: &Row<DB>, column: &'static str) -> Result<u64> {
    u64::try_from(row.get::<i64>(column)?).map_err(|error| StoreError::Unexpected(Box::new(error)))
}
