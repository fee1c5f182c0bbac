//! Redeeming a code (RFC 6749, 4.1.3). It is good for once: who shows it again has it from the
//! client or from the way, so what it began ends (RFC 9700, 4.5.3).

use serde_json::json;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::client_cache::KnownClient;
use super::code::CodeContent;
use super::error::{OAuthError, OAuthErrorCode};
use super::parameters::Parameters;
use super::token::{Granted, INVALID_GRANT, TokenAnswer};
use crate::auth::Auth;
use crate::kernel::limits::APP_SIGN_IN;
use crate::kernel::model::{AppSession, Client, CodeRedemption, RedeemedCode};
use crate::kernel::{AuditEvent, AuthError, Call, hash_token};
use crate::tokens::RefreshTokenText;

impl Auth {
    pub(super) async fn redeem_code(
        &self,
        call: &Call<'_>,
        known: &KnownClient,
        parameters: &Parameters,
    ) -> Result<TokenAnswer, OAuthError> {
        let client = &known.client;
        let code = self.claimed_code(call, client, parameters).await?;
        let call = &call.by(code.user_id);
        call.take(&[APP_SIGN_IN.of(&code.session_id.to_string())])
            .await?;
        let place = self.prepare_signing(known).await?;
        let (redemption, refresh_token) = begin(call, client, &code);
        let redeemed = redeem(call, client, &code, &redemption).await?;
        if redeemed.is_first {
            note_sign_in(call, client, &redemption, &redeemed);
        }
        let session = AppSession {
            expires_at: redeemed.principal.session.expires_at,
            ..redemption.session
        };
        let granted = Granted {
            known,
            session: &session,
            user: &redeemed.principal.user,
            scopes: session.scopes.clone(),
            nonce: code.nonce.as_deref(),
            refresh_token,
            place,
        };
        self.tokens(call, granted).await
    }

    /// The code of a request that may have it. One that is shown by the wrong request is spent.
    async fn claimed_code(
        &self,
        call: &Call<'_>,
        client: &Client,
        parameters: &Parameters,
    ) -> Result<CodeContent, OAuthError> {
        let text = parameters.require("code", "The code is missing.")?;
        let redirect_uri = parameters.get("redirect_uri")?;
        let verifier = parameters.get("code_verifier")?;
        let code = CodeContent::open(&self.core.master, client.id, text).ok_or(INVALID_GRANT)?;
        let call = &call.by(code.user_id);
        if code.has_expired(call.now) {
            return Err(refuse_spent(call, client, &code).await?);
        }
        if !code.is_claimed_by(redirect_uri, verifier) {
            let mut store = call.core.store.writer().await?;
            let is_new = store.spend_code(code.id, call.now).await?;
            drop(store);
            return Err(if is_new {
                INVALID_GRANT.into()
            } else {
                refuse_spent(call, client, &code).await?
            });
        }
        // The client was changed meanwhile.
        if !code.scopes.are_within(&client.settings.scopes) {
            return Err(OAuthErrorCode::InvalidScope
                .because("This client may no longer have the scope of the code.")
                .into());
        }
        Ok(code)
    }
}

/// Spends a code for its session, if the user may use the app.
async fn redeem(
    call: &Call<'_>,
    client: &Client,
    code: &CodeContent,
    redemption: &CodeRedemption,
) -> Result<RedeemedCode, OAuthError> {
    let mut store = call.core.store.writer().await?;
    let redeemed = store.redeem_code(redemption).await?;
    drop(store);
    let Some(redeemed) = redeemed else {
        return Err(refuse_spent(call, client, code).await?);
    };
    let user = &redeemed.principal.user;
    if call.core.is_admitted(user) && client.admits(user) {
        return Ok(redeemed);
    }
    let mut store = call.core.store.writer().await?;
    let session_id = redemption.session.id;
    store.end_app_session(session_id, call.now).await?;
    Err(INVALID_GRANT.into())
}

/// A session that begins now, not yet written, and its first refresh token.
fn begin(call: &Call<'_>, client: &Client, code: &CodeContent) -> (CodeRedemption, String) {
    let id = call.new_id();
    let mut secret = Zeroizing::new([0; 32]);
    call.core.random.fill(secret.as_mut());
    let text = RefreshTokenText::of_app(id).encode(&call.core.master, &secret);
    let lifetimes = &call.core.settings.lifetimes;
    let session = AppSession {
        id,
        user_id: code.user_id,
        client_id: client.id,
        scopes: code.scopes.clone(),
        amr: code.amr.clone(),
        acr: code.acr.clone(),
        authenticated_at: code.authenticated_at,
        created_at: call.now,
        // That of the browser's session is sooner.
        expires_at: call.now
            + lifetimes
                .persistent_session
                .max(lifetimes.transient_session),
    };
    let redemption = CodeRedemption {
        code_id: code.id,
        browser_session_id: code.session_id,
        token_hash: hash_token(&text),
        refresh_expires_at: call.now + lifetimes.refresh_token,
        session,
    };
    (redemption, text)
}

/// Ends what a code began that is shown once more.
async fn refuse_spent(
    call: &Call<'_>,
    client: &Client,
    code: &CodeContent,
) -> Result<OAuthError, AuthError> {
    let mut store = call.core.store.reader().await?;
    let spent = store.spent_code(code.id).await?;
    drop(store);
    if let Some(Some(session_id)) = spent {
        let event = AuditEvent::CodeReplayed;
        end_stolen(call, client, (session_id, code.user_id), event).await?;
    }
    Ok(INVALID_GRANT.into())
}

/// Ends a session of an app whose code or refresh token is in wrong hands. Another request may have
/// ended it since; then the event is its own.
pub(super) async fn end_stolen(
    call: &Call<'_>,
    client: &Client,
    (session_id, user_id): (Uuid, Uuid),
    event: AuditEvent,
) -> Result<(), AuthError> {
    let mut work = call.begin().await?;
    if work.end_app_session(session_id, call.now).await? {
        let details = json!({
            "app": client.name,
            "client": client.client_id,
            "app_session": session_id,
        });
        let mut record = call.event(event, user_id, details);
        record.client_id = Some(client.client_id.clone());
        work.insert_audit(&record).await?;
    }
    work.commit().await
}

/// The first code of a client in a session of a browser is a sign-in to its app. The request came
/// from the app's server; where the user is, the browser's session says.
fn note_sign_in(
    call: &Call<'_>,
    client: &Client,
    redemption: &CodeRedemption,
    redeemed: &RedeemedCode,
) {
    let browser = &redeemed.principal.session;
    let details = json!({
        "app": client.name,
        "client": client.client_id,
        "app_session": redemption.session.id,
        "session": browser.id,
    });
    let mut record = call.event(AuditEvent::AppSignedIn, browser.user_id, details);
    record.client_id = Some(client.client_id.clone());
    record.ip_address.clone_from(&browser.ip_address);
    record.user_agent.clone_from(&browser.user_agent);
    call.core.write_behind.push(record);
}
