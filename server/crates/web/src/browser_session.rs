//! Browser sessions: the cookie side of the sessions that the core issues.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result};
use tower_sessions::{Expiry, SessionStore};
use uuid::Uuid;
use vestibule_core::model::Principal;
use vestibule_core::{Auth, AuthError, RequestMeta, SignedIn};

/// What a record holds: which session the cookie stands for, and whose it is.
const SESSION_ID: &str = "session_id";
const USER_ID: &str = "user_id";
/// The text of a new cookie, until the record has it as its id.
const COOKIE: &str = "cookie";

/// Finds cookies in the rows that sign-in wrote, and writes none itself: visitors who are not
/// signed in have no session, and nothing brings back a session that has ended.
#[derive(Clone)]
pub struct BrowserSessionStore {
    auth: Arc<Auth>,
}

impl BrowserSessionStore {
    pub fn new(auth: Arc<Auth>) -> Self {
        Self { auth }
    }
}

impl fmt::Debug for BrowserSessionStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BrowserSessionStore")
    }
}

#[async_trait]
impl SessionStore for BrowserSessionStore {
    async fn create(&self, record: &mut Record) -> Result<()> {
        // The row is there since the sign-in, under the hash of this text.
        let cookie = record.data.remove(COOKIE);
        let cookie = cookie
            .as_ref()
            .and_then(Value::as_str)
            .ok_or_else(|| backend("no session was issued"))?;
        record.id = cookie.parse::<Id>().map_err(backend)?;
        Ok(())
    }

    /// What a record holds never changes, so there is nothing to write; and a save that comes late
    /// must not bring back a session that has ended meanwhile.
    async fn save(&self, _: &Record) -> Result<()> {
        Ok(())
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let found = self.auth.session_by_cookie(&id.to_string()).await;
        Ok(found.map_err(backend)?.map(|found| Record {
            id: *id,
            data: [
                (SESSION_ID.to_owned(), json!(found.session_id)),
                (USER_ID.to_owned(), json!(found.user_id)),
            ]
            .into(),
            expiry_date: found.expires_at,
        }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.auth
            .end_session_by_cookie(&id.to_string())
            .await
            .map_err(backend)
    }
}

fn backend(error: impl fmt::Display) -> Error {
    Error::Backend(error.to_string())
}

/// Gives the browser the cookie of a session that was just issued.
/// The session before is ended.
///
/// # Errors
/// [`AuthError::Unavailable`] if the store cannot say or end the session before; the browser
/// is then not signed in. [`AuthError::Internal`] for a session that is not a browser's.
pub async fn begin_browser_session(
    auth: &Auth,
    cookie: &tower_sessions::Session,
    signed_in: &SignedIn,
    meta: &RequestMeta,
) -> std::result::Result<(), AuthError> {
    let session = &signed_in.session;
    let Some(text) = &signed_in.cookie else {
        return Err(AuthError::internal("a session without a cookie"));
    };
    if let Some(before) = signed_in_browser(auth, cookie).await? {
        auth.end_session_before(&before, session, meta).await?;
    }
    if cookie.id().is_some() {
        cookie.cycle_id().await.map_err(unavailable)?;
    }
    for (key, value) in [
        (SESSION_ID, json!(session.id)),
        (USER_ID, json!(session.user_id)),
        (COOKIE, json!(text.as_str())),
    ] {
        cookie.insert_value(key, value).await.map_err(unavailable)?;
    }
    cookie.set_expiry(Some(if session.is_persistent {
        Expiry::AtDateTime(session.expires_at)
    } else {
        Expiry::OnSessionEnd
    }));
    // Saved now, so that the record has the cookie's text as its id, and a failure shows here.
    cookie.save().await.map_err(unavailable)
}

/// Who the browser's cookie speaks for; `None` if nobody is signed in.
///
/// # Errors
/// Only those of the store.
pub async fn signed_in_browser(
    auth: &Auth,
    cookie: &tower_sessions::Session,
) -> std::result::Result<Option<Principal>, AuthError> {
    let session_id = cookie.get::<Uuid>(SESSION_ID).await.map_err(unavailable)?;
    let user_id = cookie.get::<Uuid>(USER_ID).await.map_err(unavailable)?;
    let (Some(session_id), Some(user_id)) = (session_id, user_id) else {
        return Ok(None);
    };
    match auth.authenticate_session(user_id, session_id).await {
        Ok(principal) => Ok(Some(principal)),
        Err(AuthError::Unauthenticated) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Takes the cookie away; the session behind it is ended as well.
///
/// # Errors
/// Only those of the store.
pub async fn end_browser_session(
    cookie: &tower_sessions::Session,
) -> std::result::Result<(), AuthError> {
    cookie.flush().await.map_err(unavailable)
}

fn unavailable(error: tower_sessions::session::Error) -> AuthError {
    AuthError::Unavailable(Box::new(error))
}
