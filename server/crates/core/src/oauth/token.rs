//! The token endpoint (RFC 6749, 3.2): from a grant to tokens.

use serde::Serialize;

use super::claims::{AppAccessClaims, IdToken};
use super::client_cache::KnownClient;
use super::error::{OAuthError, OAuthErrorCode, OAuthRefusal};
use super::keys::SigningPlace;
use super::parameters::Parameters;
use crate::auth::Auth;
use crate::kernel::model::{AppSession, Scope, Scopes, User};
use crate::kernel::{AuthError, Call, RequestMeta};

/// What a client gets (RFC 6749, 5.1; OpenID Connect Core 1.0, 3.1.3.3). Secrets: no `Debug`.
#[derive(Serialize)]
pub struct TokenAnswer {
    pub access_token: String,
    pub token_type: &'static str,
    /// Seconds until the access token expires.
    pub expires_in: i64,
    pub scope: Scopes,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
    pub refresh_token: String,
}

/// The one refusal of a code or refresh token, whatever is wrong with it.
pub(super) const INVALID_GRANT: OAuthRefusal = OAuthErrorCode::InvalidGrant
    .because("The code or refresh token is wrong, used, expired, or not this client's.");

impl Auth {
    /// Gives tokens for a code or a refresh token.
    ///
    /// # Errors
    /// [`OAuthError::Refused`] by RFC 6749, 5.2; [`OAuthError::Failed`] for a limit that is used
    /// up, a dependency that is out of reach, or too many signatures that wait: then nothing was
    /// done, and the same request works later.
    pub async fn issue_tokens(
        &self,
        authorization: Option<&str>,
        parameters: &Parameters,
        meta: &RequestMeta,
    ) -> Result<TokenAnswer, OAuthError> {
        let call = &self.call(meta);
        let known = self
            .authenticate_client(call, authorization, parameters)
            .await?;
        let grant_type = parameters.require("grant_type", "The grant_type is missing.")?;
        match grant_type {
            "authorization_code" => self.redeem_code(call, &known, parameters).await,
            "refresh_token" => self.refresh_app(call, &known, parameters).await,
            _ => Err(OAuthErrorCode::UnsupportedGrantType
                .because("The grant_type is authorization_code or refresh_token.")
                .into()),
        }
    }

    /// A place in the line for signatures, once there are keys: what comes after it writes.
    pub(super) async fn prepare_signing(
        &self,
        known: &KnownClient,
    ) -> Result<SigningPlace, AuthError> {
        let keys = &self.apps.keys;
        keys.require(known.client.settings.algorithm, &self.core)
            .await?;
        keys.reserve()
    }

    /// The tokens of a session.
    pub(super) async fn tokens(
        &self,
        call: &Call<'_>,
        grant: Granted<'_>,
    ) -> Result<TokenAnswer, OAuthError> {
        let Granted {
            known,
            session,
            user,
            scopes,
            nonce,
            refresh_token,
            place,
        } = grant;
        let (client, issuer) = (&known.client, self.signer.settings.issuer.as_str());
        let keys = &self.apps.keys;
        let now = call.later().now;
        let id = (call.new_id(), now);
        let claims = AppAccessClaims::new(issuer, client, session, scopes.clone(), id);
        let access_token = keys.sign_access(&claims, now)?;
        let id_token = IdToken {
            issuer,
            client,
            session,
            user,
            scopes: &scopes,
            nonce,
            access_token: &access_token,
            jti: call.new_id(),
            now,
        };
        // Without openid the request is one of plain OAuth.
        let id_token = if scopes.contain(Scope::Openid) {
            let (claims, algorithm) = (id_token.claims(), client.settings.algorithm);
            Some(keys.sign_id_token(algorithm, claims, now, place).await?)
        } else {
            None
        };
        Ok(TokenAnswer {
            access_token,
            token_type: "Bearer",
            expires_in: claims.exp - now.unix_timestamp(),
            scope: scopes,
            id_token,
            refresh_token,
        })
    }
}

/// What tokens are made of.
pub(super) struct Granted<'a> {
    pub known: &'a KnownClient,
    pub session: &'a AppSession,
    pub user: &'a User,
    pub scopes: Scopes,
    pub nonce: Option<&'a str>,
    pub refresh_token: String,
    pub place: SigningPlace,
}
