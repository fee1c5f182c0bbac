//! Refreshing an app's tokens, by the lossless rule (ADR 0005).

use serde_json::json;

use super::client_cache::KnownClient;
use super::error::{OAuthError, OAuthErrorCode};
use super::parameters::Parameters;
use super::redeem::end_stolen;
use super::token::{Granted, INVALID_GRANT, TokenAnswer};
use crate::auth::Auth;
use crate::kernel::limits::REFRESH_SESSION;
use crate::kernel::model::{AppRefresh, Client, Scopes};
use crate::kernel::{AuditEvent, AuthError, Call, hash_token, to_url_text};
use crate::tokens::RefreshTokenText;

impl Auth {
    pub(super) async fn refresh_app(
        &self,
        call: &Call<'_>,
        known: &KnownClient,
        parameters: &Parameters,
    ) -> Result<TokenAnswer, OAuthError> {
        let (core, client) = (call.core, &known.client);
        let presented = parameters.require("refresh_token", "The refresh_token is missing.")?;
        let asked = parameters.get("scope")?.map(Scopes::parse);
        let text = RefreshTokenText::parse_app(&core.master, presented).ok_or(INVALID_GRANT)?;
        call.take(&[REFRESH_SESSION.of(&text.family.to_string())])
            .await?;
        let place = self.prepare_signing(known).await?;
        let refresh = self.rotation(call, client, presented, &text);
        let mut store = core.store.writer().await?;
        let refreshed = store.refresh_app(&refresh).await?;
        drop(store);
        let Some(refreshed) = refreshed else {
            end_if_stolen(call, client, &refresh).await?;
            return Err(INVALID_GRANT.into());
        };
        let (user, session) = (&refreshed.user, &refreshed.session);
        let scopes = session.scopes.common_with(&client.settings.scopes);
        if scopes.is_empty() || !(core.is_admitted(user) && client.admits(user)) {
            return Err(INVALID_GRANT.into());
        }
        let scopes = narrowed(scopes, asked)?;
        let replayed = refreshed.successor_nonce != refresh.fresh_nonce;
        let details = json!({ "app_session": session.id, "replayed": replayed });
        let call = &call.by(user.id);
        let mut record = call.event(AuditEvent::TokenRefreshed, user.id, details);
        record.client_id = Some(client.client_id.clone());
        core.write_behind.push(record);
        let refresh_token = text.successor(&core.master, presented, &refreshed.successor_nonce);
        let granted = Granted {
            known,
            session,
            user,
            scopes,
            nonce: None,
            refresh_token,
            place,
        };
        self.tokens(call, granted).await
    }

    fn rotation(
        &self,
        call: &Call<'_>,
        client: &Client,
        presented: &str,
        text: &RefreshTokenText,
    ) -> AppRefresh {
        let (core, now) = (call.core, call.now);
        let mut nonce = [0; 16];
        core.random.fill(&mut nonce);
        let fresh_nonce = to_url_text(&nonce);
        AppRefresh {
            session_id: text.family,
            client_id: client.id,
            presented_hash: hash_token(presented),
            fresh_hash: hash_token(&text.successor(&core.master, presented, &fresh_nonce)),
            fresh_nonce,
            now,
            grace_since: now - self.signer.settings.refresh_grace,
            refresh_expires_at: now + core.settings.lifetimes.refresh_token,
        }
    }
}

/// What was granted, or the part of it that is asked for. The session keeps all: the next refresh
/// may ask for more again.
fn narrowed(granted: Scopes, asked: Option<Scopes>) -> Result<Scopes, OAuthError> {
    match asked {
        None => Ok(granted),
        Some(asked) if asked.are_within(&granted) && !asked.is_empty() => Ok(asked),
        Some(_) => Err(OAuthErrorCode::InvalidScope
            .because("A refresh cannot widen the scope.")
            .into()),
    }
}

/// Distinguishes a stale token from a stolen one, and ends the session of a stolen one. A token of
/// another client ends nothing: who shows it has no right to.
async fn end_if_stolen(
    call: &Call<'_>,
    client: &Client,
    refresh: &AppRefresh,
) -> Result<(), AuthError> {
    let mut store = call.core.store.reader().await?;
    let state = store.app_token_state(refresh.session_id, call.now).await?;
    drop(store);
    let Some(state) = state.filter(|state| state.is_live && state.client_id == client.id) else {
        return Ok(());
    };
    let shown = &refresh.presented_hash;
    if state.token_hash == *shown || state.previous_hash.as_ref() == Some(shown) {
        return Ok(());
    }
    let of = (refresh.session_id, state.user_id);
    end_stolen(call, client, of, AuditEvent::AppRefreshReused).await
}
