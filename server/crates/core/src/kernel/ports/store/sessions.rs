//! Sessions and the sign-ins that begin them.

use async_trait::async_trait;
use time::OffsetDateTime;
use uuid::Uuid;

use super::Result;
use crate::kernel::audit::AuditRecord;
use crate::kernel::mail::NewMail;
use crate::kernel::model::{NewRefreshToken, Principal, Session, SessionRecord, User};

/// How many live sessions an account may have (ASVS 5.0 7.1.2): far more than anybody has devices.
/// A sign-in beyond it ends the oldest, so that all of them
/// can always be ended at once, however they were made.
pub const MAX_LIVE_SESSIONS: u16 = 100;

/// What is known of a user's earlier sign-ins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignInHistory {
    /// Whether there is any session, ended or not.
    pub has_sessions: bool,
    /// Whether one of them was on this device.
    pub knows_device: bool,
    /// Whether [`MAX_LIVE_SESSIONS`] or more are live.
    pub is_full: bool,
}

/// What a session cookie stands for.
pub struct BrowserRecord {
    pub session_id: Uuid,
    pub user_id: Uuid,
    pub expires_at: OffsetDateTime,
}

/// A sign-in whose password was right.
pub struct NewSignIn<'a> {
    /// The stored hash that it was right for.
    pub verified_hash: &'a str,
    /// Takes the place of an outdated one.
    pub new_hash: Option<&'a str>,
    pub session: &'a Session,
    /// Where the session has a cookie, its hash.
    pub cookie_hash: Option<&'a str>,
    /// Where the session has refresh tokens, the first.
    pub refresh_token: Option<&'a NewRefreshToken>,
    pub event: &'a AuditRecord,
    /// Where the owner is to be notified. It goes to the address that the account has at that
    /// moment.
    pub mail: Option<&'a NewMail>,
}

#[async_trait]
pub trait ReadSessions {
    /// The session and its user if both are live at `now`:
    /// not ended, not expired, active, not deleted.
    async fn principal(
        &mut self,
        session_id: Uuid,
        now: OffsetDateTime,
    ) -> Result<Option<Principal>>;

    /// The live session behind a cookie.
    async fn session_by_cookie(
        &mut self,
        cookie_hash: &str,
        now: OffsetDateTime,
    ) -> Result<Option<BrowserRecord>>;

    /// The user's live sessions, last seen first. A browser session without a cookie is nobody's.
    async fn live_sessions(&mut self, user_id: Uuid, now: OffsetDateTime) -> Result<Vec<Session>>;

    /// Every session of the user, ended or not, newest first.
    async fn session_records(&mut self, user_id: Uuid) -> Result<Vec<SessionRecord>>;
}

/// Sessions of both kinds. Those that end one belong into a transaction: they write several tables,
/// because the sessions of apps that began in it end with it. A session is written together with
/// its cookie; nothing here brings an ended one back.
#[async_trait]
pub trait Sessions {
    /// Writes a new session; one of a browser with the hash of its cookie, which never changes.
    async fn insert_session(&mut self, session: &Session, cookie_hash: Option<&str>) -> Result<()>;

    /// Writes a sign-in and all that belongs to it at once, if the account is active and its
    /// password hash is still the one that was verified; `None`, and nothing is written, if not. A
    /// parallel reset, or end of all sessions, comes wholly before or wholly after.
    async fn begin_session(&mut self, sign_in: &NewSignIn<'_>) -> Result<Option<User>>;

    /// Ends one session of the user with its refresh family; `false` if there was no live one.
    async fn end_session(
        &mut self,
        user_id: Uuid,
        session_id: Uuid,
        now: OffsetDateTime,
    ) -> Result<bool>;

    /// Ends one session of the user in whose place another one of the same user is: the sessions of
    /// apps that began in it go on with that one.
    async fn replace_session(
        &mut self,
        user_id: Uuid,
        session_id: Uuid,
        successor: &Session,
        now: OffsetDateTime,
    ) -> Result<()>;

    /// Ends the session behind the cookie, which has no refresh family; its user if it was live.
    async fn end_session_by_cookie(
        &mut self,
        cookie_hash: &str,
        now: OffsetDateTime,
    ) -> Result<Option<Uuid>>;

    /// Ends the refresh family of a session that goes on without one.
    async fn revoke_refresh_family(
        &mut self,
        user_id: Uuid,
        session_id: Uuid,
        now: OffsetDateTime,
    ) -> Result<()>;

    /// Ends the user's sessions with their refresh families,
    /// all or all but one; the ids of those that ended.
    async fn end_sessions(
        &mut self,
        user_id: Uuid,
        except: Option<Uuid>,
        now: OffsetDateTime,
    ) -> Result<Vec<Uuid>>;

    /// Ends the user's live sessions but for the newest `keep`, with their refresh families; how
    /// many ended. No more than a part goes at once, so that it ends in time.
    async fn end_surplus_sessions(
        &mut self,
        user_id: Uuid,
        keep: u16,
        now: OffsetDateTime,
    ) -> Result<u64>;

    /// Moves `last_seen_at` of sessions forward, in one statement. It waits for nobody: a session
    /// that is just being changed is left out.
    async fn touch_sessions(&mut self, seen: &[(Uuid, OffsetDateTime)]) -> Result<()>;

    /// Notes that the password was given in a session; `false` if it has ended.
    async fn reauthenticate(&mut self, session_id: Uuid, now: OffsetDateTime) -> Result<bool>;
}
