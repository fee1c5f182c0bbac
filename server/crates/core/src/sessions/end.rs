//! Listing and ending sessions. What a new password ends is in `sign_in/change_password.rs` and
//! `sign_in/reset_password.rs`, what a change of address ends in `accounts/change_email.rs`.

use serde_json::json;
use uuid::Uuid;

use crate::auth::Auth;
use crate::kernel::model::{Principal, Session};
use crate::kernel::ports::{BrowserRecord, MAX_LIVE_SESSIONS};
use crate::kernel::{AuditEvent, AuthError, Call, RequestMeta, hash_token};

impl Auth {
    /// Ends the caller's session. Ending it twice is no error.
    pub async fn sign_out(&self, who: &Principal, meta: &RequestMeta) -> Result<(), AuthError> {
        let call = self.call_by(who, meta);
        let (user_id, session_id) = (who.user.id, who.session.id);
        let mut work = call.begin().await?;
        work.changes(user_id);
        if work.end_session(user_id, session_id, call.now).await? {
            let details = json!({ "session": session_id });
            work.audit(AuditEvent::SignedOut, user_id, details).await?;
        }
        work.commit().await
    }

    /// Ends the session that a browser had before it was signed in anew. Where that was by the same
    /// user, the sessions of apps go on with the new one: a second tab signs nobody out.
    pub async fn end_session_before(
        &self,
        before: &Principal,
        new: &Session,
        meta: &RequestMeta,
    ) -> Result<(), AuthError> {
        let call = self.call_by(before, meta);
        let (user_id, session_id) = (before.user.id, before.session.id);
        if user_id != new.user_id {
            return self.sign_out(before, meta).await;
        }
        let mut work = call.begin().await?;
        work.changes(user_id);
        work.replace_session(user_id, session_id, new, call.now)
            .await?;
        let details = json!({ "session": session_id });
        work.audit(AuditEvent::SignedOut, user_id, details).await?;
        work.commit().await
    }

    /// Ends all of the caller's sessions, or all but the current one; how many ended.
    pub async fn sign_out_all(
        &self,
        who: &Principal,
        keep_current: bool,
        meta: &RequestMeta,
    ) -> Result<usize, AuthError> {
        let call = self.call_by(who, meta);
        let keep = keep_current.then_some(who.session.id);
        let mut work = call.begin().await?;
        let ended = work.end_sessions(who.user.id, keep, call.now).await?;
        work.void_change_of_ended_session(who.user.id).await?;
        let details = json!({ "ended": ended.len(), "kept_current": keep_current });
        work.audit(AuditEvent::SignedOutEverywhere, who.user.id, details)
            .await?;
        work.commit().await?;
        Ok(ended.len())
    }

    /// The caller's live sessions, last seen first.
    pub async fn list_sessions(&self, who: &Principal) -> Result<Vec<Session>, AuthError> {
        let mut store = self.core.store.reader().await?;
        let now = self.core.clock.now();
        Ok(store.live_sessions(who.user.id, now).await?)
    }

    /// Ends one of the caller's sessions.
    ///
    /// # Errors
    /// [`AuthError::NotFound`] if the caller has no such live session, even if another user has.
    pub async fn revoke_session(
        &self,
        who: &Principal,
        session_id: Uuid,
        meta: &RequestMeta,
    ) -> Result<(), AuthError> {
        let call = self.call_by(who, meta);
        let user_id = who.user.id;
        let mut work = call.begin().await?;
        // The account before its tokens and sessions, in the order in which a new password locks
        // them.
        work.lock_active_user(user_id)
            .await?
            .ok_or(AuthError::Unauthenticated)?;
        if !work.end_session(user_id, session_id, call.now).await? {
            return Err(AuthError::NotFound);
        }
        work.void_change_of_ended_session(user_id).await?;
        let details = json!({ "session": session_id });
        work.audit(AuditEvent::SessionRevoked, user_id, details)
            .await?;
        work.commit().await
    }

    /// The live session that a cookie stands for.
    pub async fn session_by_cookie(
        &self,
        cookie: &str,
    ) -> Result<Option<BrowserRecord>, AuthError> {
        let mut store = self.core.store.reader().await?;
        let now = self.core.clock.now();
        Ok(store.session_by_cookie(&hash_token(cookie), now).await?)
    }

    /// Ends the session that a cookie stands for, if any.
    pub async fn end_session_by_cookie(&self, cookie: &str) -> Result<(), AuthError> {
        // Mostly the operation that the browser asked for has ended it.
        if self.session_by_cookie(cookie).await?.is_none() {
            return Ok(());
        }
        let mut tx = self.core.store.begin().await?;
        let now = self.core.clock.now();
        let ended = tx.end_session_by_cookie(&hash_token(cookie), now).await?;
        let committed = tx.commit().await;
        if let Some(user_id) = ended {
            self.core.principals.forget(user_id).await;
        }
        Ok(committed?)
    }
}

/// Ends the oldest sessions of an account that has more than it may. The session that was just made
/// is signed in also if that fails: the next sign-in does it.
pub(crate) async fn limit_sessions(call: &Call<'_>, user_id: Uuid) {
    if let Err(error) = end_surplus_sessions(call, user_id).await {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "surplus sessions were not ended"
        );
    }
}

async fn end_surplus_sessions(call: &Call<'_>, user_id: Uuid) -> Result<(), AuthError> {
    let mut work = call.begin().await?;
    work.changes(user_id);
    work.end_surplus_sessions(user_id, MAX_LIVE_SESSIONS, call.now)
        .await?;
    work.commit().await
}
