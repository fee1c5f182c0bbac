//! What metrics show of the data.

use async_trait::async_trait;
use time::OffsetDateTime;
use vestibule_core::ports::{MailQueue, Statistics, StoreCounts};

use crate::backend::Backend;
use crate::micros::Micros;
use crate::repository::{Result, Row, SqlRepository, query, readers};
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
        let found = self.fetch_optional(query!(MAIL_QUEUE), read_queue);
        Ok(found.await?.unwrap_or_default())
    }

    async fn counts(&mut self, now: OffsetDateTime) -> Result<StoreCounts> {
        let counts = query!(COUNTS, Micros(now));
        let found = self.fetch_optional(counts, read).await?;
        Ok(found.unwrap_or_default())
    }
}

readers! {
    read_queue: MailQueue { waiting, oldest }
    read: StoreCounts { users, verified_users, active_sessions }
}
