//! Listing and ending sessions.

use serde_json::json;
use uuid::Uuid;

use crate::auth::Auth;
use crate::kernel::audit::AuditEvent;
use crate::kernel::call::RequestMeta;
use crate::kernel::errors::AuthError;
use crate::kernel::master_key::hash_token;
use crate::kernel::model::{Principal, Session};
use crate::kernel::ports::{BrowserRecord, MAX_LIVE_SESSIONS};

impl Auth {
    /// Ends the caller's session. Ending it twice is no error.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn sign_out(&self, who: &Principal, meta: &RequestMeta) -> Result<(), AuthError> {
        let meta = &meta.by(who.user.id);
        let mut tx = self.store.begin().await?;
        let ended = tx
            .end_session(who.user.id, who.session.id, self.clock.now())
            .await?;
        if ended {
            self.audit(
                &mut *tx,
                AuditEvent::SignedOut,
                Some(who.user.id),
                json!({ "session": who.session.id }),
                meta,
            )
            .await?;
        }
        self.commit(tx, who.user.id).await
    }

    /// Ends all of the caller's sessions, or all but the current one; how many ended.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn sign_out_all(
        &self,
        who: &Principal,
        keep_current: bool,
        meta: &RequestMeta,
    ) -> Result<usize, AuthError> {
        let meta = &meta.by(who.user.id);
        let keep = keep_current.then_some(who.session.id);
        let mut tx = self.store.begin().await?;
        let ended = tx.end_sessions(who.user.id, keep, self.clock.now()).await?;
        tx.void_change_of_ended_session(who.user.id).await?;
        let details = json!({ "ended": ended.len(), "kept_current": keep_current });
        self.audit(
            &mut *tx,
            AuditEvent::SignedOutEverywhere,
            Some(who.user.id),
            details,
            meta,
        )
        .await?;
        self.commit(tx, who.user.id).await?;
        Ok(ended.len())
    }

    /// The caller's live sessions, last seen first.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn list_sessions(&self, who: &Principal) -> Result<Vec<Session>, AuthError> {
        Ok(self
            .store
            .reader()
            .await?
            .live_sessions(who.user.id, self.clock.now())
            .await?)
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
        let meta = &meta.by(who.user.id);
        let mut tx = self.store.begin().await?;
        // The account before its tokens and sessions, in the order in which a new password locks
        // them.
        tx.lock_active_user(who.user.id)
            .await?
            .ok_or(AuthError::Unauthenticated)?;
        if !tx
            .end_session(who.user.id, session_id, self.clock.now())
            .await?
        {
            return Err(AuthError::NotFound);
        }
        tx.void_change_of_ended_session(who.user.id).await?;
        self.audit(
            &mut *tx,
            AuditEvent::SessionRevoked,
            Some(who.user.id),
            json!({ "session": session_id }),
            meta,
        )
        .await?;
        self.commit(tx, who.user.id).await
    }

    /// Ends the oldest sessions of an account that has more than it may. The session that was just
    /// made is signed in also if that fails: the next sign-in does it.
    pub(crate) async fn limit_sessions(&self, user_id: Uuid) {
        if let Err(error) = self.end_surplus_sessions(user_id).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "surplus sessions were not ended"
            );
        }
    }

    async fn end_surplus_sessions(&self, user_id: Uuid) -> Result<(), AuthError> {
        let mut tx = self.store.begin().await?;
        let now = self.clock.now();
        tx.end_surplus_sessions(user_id, MAX_LIVE_SESSIONS, now)
            .await?;
        self.commit(tx, user_id).await
    }

    /// The live session that a cookie stands for.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn session_by_cookie(
        &self,
        cookie: &str,
    ) -> Result<Option<BrowserRecord>, AuthError> {
        Ok(self
            .store
            .reader()
            .await?
            .session_by_cookie(&hash_token(cookie), self.clock.now())
            .await?)
    }

    /// Ends the session that a cookie stands for, if any.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn end_session_by_cookie(&self, cookie: &str) -> Result<(), AuthError> {
        let mut store = self.store.writer().await?;
        let ended = store
            .end_session_by_cookie(&hash_token(cookie), self.clock.now())
            .await?;
        if let Some(user_id) = ended {
            self.principals.forget(user_id).await;
        }
        Ok(())
    }
}
