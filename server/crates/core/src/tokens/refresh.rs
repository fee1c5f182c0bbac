//! Refreshing tokens without loss (ADR 0005): a lost answer or a second tab never signs a user out;
//! reuse by a thief ends the session.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::refresh_token::RefreshTokenText;
use crate::auth::Auth;
use crate::kernel::audit::AuditEvent;
use crate::kernel::call::RequestMeta;
use crate::kernel::errors::AuthError;
use crate::kernel::limits::REFRESH_SESSION;
use crate::kernel::mail::MailKind;
use crate::kernel::master_key::hash_token;
use crate::kernel::model::{Principal, RefreshRotation, RefreshTokenState};
use crate::sessions::SignedIn;

impl Auth {
    /// Exchanges a refresh token for its successor and a new access token.
    ///
    /// # Errors
    /// [`AuthError::InvalidRefreshToken`] if the token is unknown, expired, or its session has
    /// ended; [`AuthError::RefreshTokenReused`] if it is an outdated one of a live family, which
    /// ends that family; [`AuthError::RateLimited`] if the session refreshes too often, which
    /// changes nothing: the token works again later.
    pub async fn refresh(
        &self,
        refresh_token: &str,
        meta: &RequestMeta,
    ) -> Result<SignedIn, AuthError> {
        let text = RefreshTokenText::parse(&self.master, refresh_token)
            .ok_or(AuthError::InvalidRefreshToken)?;
        // A session has one family, and the family's id is in the token:
        // nobody has to be asked for it.
        let charges = [REFRESH_SESSION.of(&text.family.to_string())];
        let exchange = self.exchange(refresh_token, &text, meta);
        self.charge(&charges, meta, exchange).await
    }

    async fn exchange(
        &self,
        presented: &str,
        text: &RefreshTokenText,
        meta: &RequestMeta,
    ) -> Result<SignedIn, AuthError> {
        match self.rotate(presented, text, meta).await? {
            Some(signed_in) => Ok(signed_in),
            None => Err(self.judge_refused_token(presented, text, meta).await?),
        }
    }

    /// The conditional write and what belongs to it; `None` if it did not apply.
    async fn rotate(
        &self,
        presented: &str,
        text: &RefreshTokenText,
        meta: &RequestMeta,
    ) -> Result<Option<SignedIn>, AuthError> {
        let now = self.clock.now();
        let settings = self.signer.settings();
        let mut nonce = [0; 16];
        self.random.fill(&mut nonce);
        let fresh_nonce = URL_SAFE_NO_PAD.encode(nonce);
        let rotation = RefreshRotation {
            family_id: text.family,
            presented_hash: hash_token(presented),
            fresh_hash: hash_token(&self.successor(presented, text, &fresh_nonce)),
            fresh_nonce,
            now,
            grace_since: now - settings.refresh_grace,
            expires_at: now + self.settings.lifetimes.refresh_token,
        };
        let mut store = self.store.writer().await?;
        let Some(outcome) = store.rotate_refresh_token(&rotation).await? else {
            return Ok(None);
        };
        drop(store);
        let Principal { user, session } = outcome.principal;
        if !self.is_admitted(&user) {
            return Ok(None);
        }
        self.core.write_behind.seen(session.id, now);
        let replayed = outcome.successor_nonce != rotation.fresh_nonce;
        let details = json!({ "session": session.id, "replayed": replayed });
        let by_owner = meta.by(user.id);
        let event = AuditEvent::TokenRefreshed;
        self.defer_audit(event, Some(user.id), details, &by_owner);
        let successor = self.successor(presented, text, &outcome.successor_nonce);
        let tokens = self.token_pair(&user, &session, successor)?;
        Ok(Some(SignedIn {
            user,
            session,
            tokens: Some(tokens),
            cookie: None,
            known_browser_proof: None,
        }))
    }

    fn successor(&self, presented: &str, text: &RefreshTokenText, nonce: &str) -> String {
        RefreshTokenText::encode(
            &self.master,
            text.family,
            &self.master.refresh_secret(presented, nonce),
        )
    }

    /// Distinguishes a stale token from a stolen one, and ends the family of a stolen one.
    async fn judge_refused_token(
        &self,
        presented: &str,
        text: &RefreshTokenText,
        meta: &RequestMeta,
    ) -> Result<AuthError, AuthError> {
        let state = self
            .store
            .reader()
            .await?
            .refresh_token_state(text.family)
            .await?;
        match state {
            Some(state) if self.is_reuse(&state, &hash_token(presented)) => {
                self.end_stolen_family(&state, meta).await?;
                Ok(AuthError::RefreshTokenReused)
            }
            _ => Ok(AuthError::InvalidRefreshToken),
        }
    }

    /// A token of this portal, of a live family, that is neither its current nor its previous one.
    fn is_reuse(&self, state: &RefreshTokenState, presented_hash: &str) -> bool {
        let is_known = state.token_hash == presented_hash
            || state.previous_hash.as_deref() == Some(presented_hash);
        !is_known && !state.is_revoked && state.expires_at > self.clock.now()
    }

    async fn end_stolen_family(
        &self,
        state: &RefreshTokenState,
        meta: &RequestMeta,
    ) -> Result<(), AuthError> {
        let now = self.clock.now();
        let kind = MailKind::SessionEnded;
        let user = self.store.reader().await?.user_by_id(state.user_id).await?;
        let may_notify = match &user {
            Some(user) => self.may_notify(kind, user).await,
            None => false,
        };
        let mut tx = self.store.begin().await?;
        // Another request may have ended it since; then the event and the mail are its own.
        if !tx.end_session(state.user_id, state.session_id, now).await? {
            return Ok(());
        }
        let details = json!({ "session": state.session_id });
        self.audit(
            &mut *tx,
            AuditEvent::RefreshTokenReused,
            Some(state.user_id),
            details,
            meta,
        )
        .await?;
        if may_notify && let Some(user) = tx.user_by_id(state.user_id).await? {
            self.enqueue_mail(&mut *tx, kind, &user, None, meta).await?;
        }
        self.commit(tx, state.user_id).await
    }
}
