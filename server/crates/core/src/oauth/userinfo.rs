//! The userinfo endpoint (OpenID Connect Core 1.0, 5.3).

use serde_json::{Map, Value};
use uuid::Uuid;

use super::claims::user_claims;
use super::error::{OAuthError, OAuthErrorCode, OAuthRefusal};
use crate::auth::Auth;
use crate::kernel::model::Scope;

const INVALID_TOKEN: OAuthRefusal =
    OAuthErrorCode::InvalidToken.because("A live access token of an app is needed (RFC 6750).");

/// What an access token lets an app know of its user.
pub struct UserInfo {
    pub user_id: Uuid,
    pub claims: Map<String, Value>,
}

impl Auth {
    /// The claims that an access token of an app is good for. Session, user and client are looked
    /// up now.
    ///
    /// # Errors
    /// [`OAuthError::Refused`] with `invalid_token` or `insufficient_scope` (RFC 6750, 3.1).
    pub async fn user_info(&self, token: Option<&str>) -> Result<UserInfo, OAuthError> {
        let core = &self.core;
        let now = core.clock.now();
        let token = token.ok_or(INVALID_TOKEN)?;
        let issuer = &self.signer.settings.issuer;
        let claims = self.apps.keys.verify_access(token, issuer, now);
        let claims = claims.ok_or(INVALID_TOKEN)?;
        let known = self.enabled_client(&claims.client_id).await?;
        let known = known.ok_or(INVALID_TOKEN)?;
        let mut store = core.store.reader().await?;
        let live = store.app_session(claims.sid, now).await?;
        drop(store);
        let (session, user) = live.ok_or(INVALID_TOKEN)?;
        let is_of = session.client_id == known.client.id && user.id == claims.sub;
        if !is_of || !core.is_admitted(&user) || !known.client.admits(&user) {
            return Err(INVALID_TOKEN.into());
        }
        let scopes = claims.scope.common_with(&known.client.settings.scopes);
        if !scopes.contain(Scope::Openid) {
            return Err(OAuthErrorCode::InsufficientScope
                .because("The access token has no scope openid.")
                .into());
        }
        Ok(UserInfo {
            user_id: user.id,
            claims: user_claims(&user, &scopes),
        })
    }
}
