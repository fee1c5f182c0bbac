//! The cookie side of browser sessions.

use async_trait::async_trait;
use time::OffsetDateTime;
use uuid::Uuid;

use super::Result;

/// What a session cookie stands for.
pub struct BrowserRecord {
    pub session_id: Uuid,
    pub user_id: Uuid,
    pub expires_at: OffsetDateTime,
}

/// The cookie side of browser sessions, as it is read.
#[async_trait]
pub trait ReadBrowserSessions {
    /// The live session behind a cookie.
    async fn session_by_cookie(
        &mut self,
        cookie_hash: &str,
        now: OffsetDateTime,
    ) -> Result<Option<BrowserRecord>>;
}

/// The cookie side of browser sessions. A session is written together with its cookie; nothing here
/// makes a session, and nothing brings an ended one back.
#[async_trait]
pub trait BrowserSessions {
    /// Ends the session behind the cookie; its user if it was live.
    async fn end_session_by_cookie(
        &mut self,
        cookie_hash: &str,
        now: OffsetDateTime,
    ) -> Result<Option<Uuid>>;
}
