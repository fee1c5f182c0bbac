//! Browser sessions: the cookie side of the sessions that the core issues.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result};
use tower_sessions::{Expiry, SessionStore};
use uuid::Uuid;
use vestibule_core::model::{Principal, Session};
use vestibule_core::{Auth, AuthError, RequestMeta};

/// What the cookie side keeps: which session the cookie stands for, and whose it is.
const SESSION_ID: &str = "session_id";
const USER_ID: &str = "user_id";

/// Keeps cookies in the rows that sign-in made. A cookie without such a row is never stored, so visitors who are not
/// signed in have no session, and a save never brings back a session that has ended.
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
        let session_id = record
            .data
            .get(SESSION_ID)
            .cloned()
            .ok_or_else(|| backend("no session was issued"))?;
        let session_id: Uuid =
            serde_json::from_value(session_id).map_err(|error| Error::Encode(error.to_string()))?;
        self.auth
            .bind_cookie(session_id, &record.id.to_string(), &encode(record)?)
            .await
            .map_err(backend)
    }

    async fn save(&self, record: &Record) -> Result<()> {
        let saved = self
            .auth
            .update_cookie_data(&record.id.to_string(), &encode(record)?)
            .await
            .map_err(backend)?;
        if saved {
            Ok(())
        } else {
            Err(backend("the session has ended"))
        }
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let Some(found) = self
            .auth
            .session_by_cookie(&id.to_string())
            .await
            .map_err(backend)?
        else {
            return Ok(None);
        };
        let data =
            serde_json::from_str(&found.data).map_err(|error| Error::Decode(error.to_string()))?;
        Ok(Some(Record {
            id: *id,
            data,
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

fn encode(record: &Record) -> Result<String> {
    serde_json::to_string(&record.data).map_err(|error| Error::Encode(error.to_string()))
}

fn backend(error: impl fmt::Display) -> Error {
    Error::Backend(error.to_string())
}

/// Gives the browser a new cookie for a session that was just issued. Who was signed in before is signed out.
///
/// # Errors
/// [`AuthError::Unavailable`] if the store does not take it; the browser is then not signed in.
pub async fn begin_browser_session(
    auth: &Auth,
    cookie: &tower_sessions::Session,
    session: &Session,
    meta: &RequestMeta,
) -> std::result::Result<(), AuthError> {
    if let Some(before) = signed_in_browser(auth, cookie).await? {
        auth.sign_out(&before, meta).await?;
    }
    if cookie.id().is_some() {
        cookie.cycle_id().await.map_err(unavailable)?;
    }
    cookie
        .insert(SESSION_ID, session.id)
        .await
        .map_err(unavailable)?;
    cookie
        .insert(USER_ID, session.user_id)
        .await
        .map_err(unavailable)?;
    cookie.set_expiry(Some(if session.is_persistent {
        Expiry::AtDateTime(session.expires_at)
    } else {
        Expiry::OnSessionEnd
    }));
    // Saved now, so that a failure shows here and not after the answer is written.
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
