//! The cookie side of browser sessions.

use async_trait::async_trait;
use time::OffsetDateTime;
use uuid::Uuid;
use vestibule_core::ports::{BrowserRecord, BrowserSessions, ReadBrowserSessions};

use crate::backend::Backend;
use crate::micros::Micros;
use crate::repository::{Result, Row, SqlRepository, query, readers};
use crate::sql::{Sql, statements};

statements! {
    const BY_COOKIE: Sql = Sql::both("
select id, user_id, expires_at
from sessions
where cookie_hash = $1 and ended_at is null and expires_at > $2");

    /// A browser session has no refresh family to end with it.
    const END_BY_COOKIE: Sql = Sql::both("
update sessions
set ended_at = $2
where cookie_hash = $1 and ended_at is null and expires_at > $2
returning user_id");
}

#[async_trait]
impl<DB: Backend> ReadBrowserSessions for SqlRepository<DB> {
    async fn session_by_cookie(
        &mut self,
        cookie_hash: &str,
        now: OffsetDateTime,
    ) -> Result<Option<BrowserRecord>> {
        self.fetch_optional(query!(BY_COOKIE, cookie_hash, Micros(now)), record)
            .await
    }
}

#[async_trait]
impl<DB: Backend> BrowserSessions for SqlRepository<DB> {
    async fn end_session_by_cookie(
        &mut self,
        cookie_hash: &str,
        now: OffsetDateTime,
    ) -> Result<Option<Uuid>> {
        self.fetch_optional(query!(END_BY_COOKIE, cookie_hash, Micros(now)), |row| {
            row.get("user_id")
        })
        .await
    }
}

readers! {
    record: BrowserRecord { session_id from "id", user_id, expires_at }
}
