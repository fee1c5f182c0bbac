//! What metrics tell of the data.

use async_trait::async_trait;
use time::OffsetDateTime;
use vestibule_core::ports::{Counts, Statistics, StoreError};

use crate::backend::Backend;
use crate::micros::Micros;
use crate::repository::{Result, Row, SqlRepository};

const COUNTS: &str = "
select
    (select count(*) from users where deleted_at is null) as users,
    (select count(*) from users where deleted_at is null and is_email_verified) as verified_users,
    (select count(*) from sessions where ended_at is null and expires_at > $1) as active_sessions,
    (select count(*) from mail_outbox where status = 'pending') as waiting_mails,
    (select min(created_at) from mail_outbox where status = 'pending') as oldest_waiting_mail";

pub(crate) const STATEMENTS: &[&str] = &[COUNTS];

#[async_trait]
impl<DB: Backend> Statistics for SqlRepository<DB> {
    async fn counts(&mut self, now: OffsetDateTime) -> Result<Counts> {
        let counts = Self::query(COUNTS).bind(Micros(now));
        let found = self.fetch_optional(counts, read).await?;
        Ok(found.unwrap_or_default())
    }
}

fn read<DB: Backend>(row: &Row<DB>) -> Result<Counts> {
    let count = |column| {
        u64::try_from(row.get::<i64>(column)?)
            .map_err(|error| StoreError::Unexpected(Box::new(error)))
    };
    Ok(Counts {
        users: count("users")?,
        verified_users: count("verified_users")?,
        active_sessions: count("active_sessions")?,
        waiting_mails: count("waiting_mails")?,
        oldest_waiting_mail: row.optional_time("oldest_waiting_mail")?,
    })
}
