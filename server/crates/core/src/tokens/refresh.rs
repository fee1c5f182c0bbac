//! Refreshing tokens without loss (ADR 0005): a lost answer or a second tab never signs a user out;
//! reuse by a thief ends the session.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use time::OffsetDateTime;

use super::refresh_token::RefreshTokenText;
use crate::auth::Auth;
use crate::kernel::limits::REFRESH_SESSION;
use crate::kernel::model::{Principal, RefreshRotation, RefreshTokenState};
use crate::kernel::{AuditEvent, AuthError, Call, MailKind, RequestMeta, UserMail, hash_token};
use crate::sessions::SignedIn;

impl Auth {
    /// Rotates a refresh token: gives its successor and a new access token.
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
        let text = RefreshTokenText::parse(&self.core.master, refresh_token)
            .ok_or(AuthError::InvalidRefreshToken)?;
        // A session has one family, and the family's id is in the token:
        // nobody has to be asked for it.
        let charges = [REFRESH_SESSION.of(&text.family.to_string())];
        let call = &self.call(meta);
        call.charge(&charges, async {
            match self.rotate(call, refresh_token, &text).await? {
                Some(signed_in) => Ok(signed_in),
                None => Err(judge_refused_token(call, refresh_token, &text).await?),
            }
        })
        .await
    }

    /// The conditional write and what belongs to it; `None` if it did not apply.
    async fn rotate(
        &self,
        call: &Call<'_>,
        presented: &str,
        text: &RefreshTokenText,
    ) -> Result<Option<SignedIn>, AuthError> {
        let (core, now) = (call.core, call.now);
        let mut nonce = [0; 16];
        core.random.fill(&mut nonce);
        let fresh_nonce = URL_SAFE_NO_PAD.encode(nonce);
        let rotation = RefreshRotation {
            family_id: text.family,
            presented_hash: hash_token(presented),
            fresh_hash: hash_token(&text.successor(&core.master, presented, &fresh_nonce)),
            fresh_nonce,
            now,
            grace_since: now - self.signer.settings.refresh_grace,
            expires_at: now + core.settings.lifetimes.refresh_token,
        };
        let mut store = core.store.writer().await?;
        let Some(outcome) = store.rotate_refresh_token(&rotation).await? else {
            return Ok(None);
        };
        drop(store);
        let Principal { user, session } = outcome.principal;
        if !core.is_admitted(&user) {
            return Ok(None);
        }
        core.write_behind.seen(session.id, now);
        let replayed = outcome.successor_nonce != rotation.fresh_nonce;
        let details = json!({ "session": session.id, "replayed": replayed });
        let event = AuditEvent::TokenRefreshed;
        call.by(user.id).audit_later(event, user.id, details);
        let successor = text.successor(&core.master, presented, &outcome.successor_nonce);
        let tokens = self.signer.pair(call, &user, &session, successor)?;
        Ok(Some(SignedIn {
            user,
            session,
            tokens: Some(tokens),
            cookie: None,
            known_browser_proof: None,
        }))
    }
}

/// Distinguishes a stale token from a stolen one, and ends the family of a stolen one.
async fn judge_refused_token(
    call: &Call<'_>,
    presented: &str,
    text: &RefreshTokenText,
) -> Result<AuthError, AuthError> {
    let mut store = call.core.store.reader().await?;
    let state = store.refresh_token_state(text.family).await?;
    drop(store);
    match state {
        Some(state) if is_reuse(&state, &hash_token(presented), call.now) => {
            end_stolen_family(call, &state).await?;
            Ok(AuthError::RefreshTokenReused)
        }
        _ => Ok(AuthError::InvalidRefreshToken),
    }
}

/// A token of this portal, of a live family, that is neither its current nor its previous one.
fn is_reuse(state: &RefreshTokenState, presented_hash: &str, now: OffsetDateTime) -> bool {
    let is_known = state.token_hash == presented_hash
        || state.previous_hash.as_deref() == Some(presented_hash);
    !is_known && !state.is_revoked && state.expires_at > now
}

async fn end_stolen_family(call: &Call<'_>, state: &RefreshTokenState) -> Result<(), AuthError> {
    let kind = MailKind::SessionEnded;
    let mut store = call.core.store.reader().await?;
    let user = store.user_by_id(state.user_id).await?;
    drop(store);
    let may_notify = match &user {
        Some(user) => call.may_notify(kind, user).await,
        None => false,
    };
    let mut work = call.begin().await?;
    // Another request may have ended it since; then the event and the mail are its own.
    if !work
        .end_session(state.user_id, state.session_id, call.now)
        .await?
    {
        return Ok(());
    }
    let details = json!({ "session": state.session_id });
    work.audit(AuditEvent::RefreshTokenReused, state.user_id, details)
        .await?;
    if may_notify && let Some(user) = work.user_by_id(state.user_id).await? {
        work.mail(UserMail::new(kind, &user)).await?;
    }
    work.commit().await
}
