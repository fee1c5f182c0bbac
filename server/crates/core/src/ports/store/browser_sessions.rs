//! The cookie side of browser sessions.

use async_trait::async_trait;
use time::OffsetDateTime;
use uuid::Uuid;

use super::Result;

/// What a session cookie stands for.
pub struct BrowserRecord {
    pub session_id: Uuid,
    /// The cookie side's own data, a JSON object.
    pub data: String,
    pub expires_at: OffsetDateTime,
}

/// The cookie side of browser sessions. A cookie is bound to a session that sign-in made; nothing here makes a session,
/// and nothing brings an ended one back.
#[async_trait]
pub trait BrowserSessions {
    /// Gives a live session that has no cookie its cookie; `false` if there is no such session.
    async fn bind_cookie(
        &mut self,
        session_id: Uuid,
        cookie_hash: &str,
        data: &str,
        now: OffsetDateTime,
    ) -> Result<bool>;
    /// The live session behind a cookie.
    async fn session_by_cookie(
        &mut self,
        cookie_hash: &str,
        now: OffsetDateTime,
    ) -> Result<Option<BrowserRecord>>;
    /// `false` if the session has ended.
    async fn update_cookie_data(
        &mut self,
        cookie_hash: &str,
        data: &str,
        now: OffsetDateTime,
    ) -> Result<bool>;
    /// Ends the session behind the cookie; its user if it was live.
    async fn end_session_by_cookie(
        &mut self,
        cookie_hash: &str,
        now: OffsetDateTime,
    ) -> Result<Option<Uuid>>;
}
