//! Sessions: issuing, listing, ending.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::known_browser::KnownBrowserProof;
use crate::audit::AuditEvent;
use crate::auth::{Auth, RequestMeta};
use crate::crypto::hash_token;
use crate::error::AuthError;
use crate::model::{NewRefreshToken, Principal, Session, SessionKind, SignInMethod, User};
use crate::ports::{BrowserRecord, MAX_LIVE_SESSIONS, Writer};
use crate::tokens::RefreshTokenText;

/// What a successful sign-in gives: facts, from which a page makes a cookie and the API a body.
/// There are secrets among them: no `Debug`.
pub struct SignedIn {
    pub user: User,
    pub session: Session,
    /// `None` for a browser session: pages never see tokens.
    pub tokens: Option<TokenPair>,
    /// What the cookie of a browser session holds; `None` for an API session.
    pub cookie: Option<Zeroizing<String>>,
    /// What the browser keeps, where a password was given or set.
    pub known_browser_proof: Option<KnownBrowserProof>,
}

/// The tokens of an API session. Secrets: no `Debug`.
pub struct TokenPair {
    pub access_token: String,
    pub refresh_token: String,
    /// Seconds until the access token expires.
    pub expires_in: u64,
}

/// What a new session is to be.
pub(crate) struct NewSession<'a> {
    pub kind: SessionKind,
    pub method: SignInMethod,
    pub is_persistent: bool,
    /// The client's own name for the device; otherwise it is read from the user agent.
    pub device_name: Option<&'a str>,
}

impl NewSession<'_> {
    /// What the session calls its device.
    pub(super) fn device(&self, meta: &RequestMeta) -> String {
        self.device_name
            .map_or_else(|| meta.device(), str::to_owned)
    }
}

impl Auth {
    /// Makes a session, in the transaction that has just established that the user may have one.
    pub(crate) async fn issue_session(
        &self,
        store: &mut dyn Writer,
        user: User,
        password_hash: &str,
        new: NewSession<'_>,
        meta: &RequestMeta,
    ) -> Result<SignedIn, AuthError> {
        let session = self.new_session(user.id, &new, meta);
        let cookie = self.new_cookie(&session);
        let known_browser_proof = self.known_browser_proof(user.id, password_hash);
        let cookie_hash = cookie.as_ref().map(|cookie| hash_token(cookie));
        store
            .insert_session(&session, cookie_hash.as_deref())
            .await?;
        let tokens = match self.first_refresh_token(&session) {
            None => None,
            Some((row, refresh_token)) => {
                store.insert_refresh_token(&row).await?;
                Some(self.token_pair(&user, &session, refresh_token)?)
            }
        };
        Ok(SignedIn {
            user,
            session,
            tokens,
            cookie,
            known_browser_proof: Some(known_browser_proof),
        })
    }

    /// A session that begins now, not yet written.
    pub(super) fn new_session(
        &self,
        user_id: Uuid,
        new: &NewSession<'_>,
        meta: &RequestMeta,
    ) -> Session {
        let now = self.clock.now();
        let lifetimes = &self.settings.lifetimes;
        let life = if new.is_persistent {
            lifetimes.persistent_session
        } else {
            lifetimes.transient_session
        };
        Session {
            id: self.random.id(now),
            user_id,
            kind: new.kind,
            device: new.device(meta),
            ip_address: meta.ip_address.to_canonical().to_string(),
            user_agent: meta.user_agent.clone(),
            method: new.method,
            is_persistent: new.is_persistent,
            created_at: now,
            last_seen_at: now,
            authenticated_at: now,
            expires_at: now + life,
        }
    }

    /// What the cookie of a browser session holds; an API session has none. It reads as an id of
    /// `tower_sessions`: 16 bytes, which are unguessable, in URL-safe base64 without padding.
    pub(super) fn new_cookie(&self, session: &Session) -> Option<Zeroizing<String>> {
        if session.kind == SessionKind::Api {
            return None;
        }
        let mut secret = Zeroizing::new([0_u8; 16]);
        self.random.fill(secret.as_mut());
        Some(Zeroizing::new(URL_SAFE_NO_PAD.encode(secret.as_slice())))
    }

    /// The first refresh token of an API session, as it is
    /// stored and as the client gets it; a browser has none.
    pub(super) fn first_refresh_token(
        &self,
        session: &Session,
    ) -> Option<(NewRefreshToken, String)> {
        if session.kind == SessionKind::Browser {
            return None;
        }
        let now = session.created_at;
        let family = self.random.id(now);
        let mut secret = Zeroizing::new([0; 32]);
        self.random.fill(secret.as_mut());
        let refresh_token = RefreshTokenText::encode(&self.master, family, &secret);
        let row = NewRefreshToken {
            id: family,
            user_id: session.user_id,
            session_id: session.id,
            token_hash: hash_token(&refresh_token),
            device_info: session.device.clone(),
            expires_at: now + self.settings.lifetimes.refresh_token,
            created_at: now,
        };
        Some((row, refresh_token))
    }

    pub(crate) fn token_pair(
        &self,
        user: &User,
        session: &Session,
        refresh_token: String,
    ) -> Result<TokenPair, AuthError> {
        let now = self.clock.now();
        let access_token = self.signer.sign(user, session, self.new_id(), now)?;
        let life = self.signer.access_life(session, now);
        Ok(TokenPair {
            access_token,
            refresh_token,
            expires_in: life.whole_seconds().unsigned_abs(),
        })
    }

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
    pub(super) async fn limit_sessions(&self, user_id: Uuid) {
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
