//! The claims of tokens for apps (OpenID Connect Core 1.0, 2 and 5; RFC 9068).

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::kernel::model::{AppSession, Client, IdTokenAlgorithm, Scope, Scopes, User};
use crate::tokens::CLOCK_LEEWAY;

/// The claims of an access token for an app. It has none of the portal's own, so that neither is
/// taken for the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppAccessClaims {
    pub iss: String,
    pub sub: Uuid,
    pub aud: String,
    pub client_id: String,
    pub scope: Scopes,
    pub iat: i64,
    pub nbf: i64,
    pub exp: i64,
    pub jti: Uuid,
    pub sid: Uuid,
    pub auth_time: i64,
    pub acr: String,
    pub amr: Vec<String>,
}

/// Where access tokens for apps are good: at the userinfo endpoint.
pub fn userinfo_url(issuer: &str) -> String {
    format!("{issuer}/oauth2/userinfo")
}

fn amr(session: &AppSession) -> Vec<String> {
    session.amr.split(' ').map(str::to_owned).collect()
}

impl AppAccessClaims {
    pub fn new(
        issuer: &str,
        client: &Client,
        session: &AppSession,
        scope: Scopes,
        (jti, now): (Uuid, OffsetDateTime),
    ) -> Self {
        let life = Duration::seconds(client.settings.access_token_life.into());
        Self {
            iss: issuer.to_owned(),
            sub: session.user_id,
            aud: userinfo_url(issuer),
            client_id: client.client_id.clone(),
            scope,
            iat: now.unix_timestamp(),
            // For verifiers that grant no leeway and whose clock is behind.
            nbf: (now - CLOCK_LEEWAY).unix_timestamp(),
            exp: (now + life).min(session.expires_at).unix_timestamp(),
            jti,
            sid: session.id,
            auth_time: session.authenticated_at.unix_timestamp(),
            acr: session.acr.clone(),
            amr: amr(session),
        }
    }
}

/// What an ID token is made of.
pub struct IdToken<'a> {
    pub issuer: &'a str,
    pub client: &'a Client,
    pub session: &'a AppSession,
    pub user: &'a User,
    pub scopes: &'a Scopes,
    /// As the request had it; a refresh has none.
    pub nonce: Option<&'a str>,
    pub access_token: &'a str,
    pub jti: Uuid,
    pub now: OffsetDateTime,
}

impl IdToken<'_> {
    pub fn claims(&self) -> Value {
        let Self {
            client,
            session,
            now,
            ..
        } = self;
        let life = Duration::seconds(client.settings.id_token_life.into());
        let mut claims = Map::new();
        let mut put = |name: &str, value: Value| claims.insert(name.to_owned(), value);
        put("iss", json!(self.issuer));
        put("aud", json!(client.client_id));
        put("iat", json!(now.unix_timestamp()));
        put("exp", json!((*now + life).unix_timestamp()));
        put("jti", json!(self.jti));
        put(
            "auth_time",
            json!(session.authenticated_at.unix_timestamp()),
        );
        put("acr", json!(session.acr));
        put("amr", json!(amr(session)));
        put("sid", json!(session.id));
        if let Some(nonce) = self.nonce {
            put("nonce", json!(nonce));
        }
        if let Some(hash) = at_hash(client.settings.algorithm, self.access_token) {
            put("at_hash", json!(hash));
        }
        claims.extend(user_claims(self.user, self.scopes));
        Value::Object(claims)
    }
}

/// The left half of the access token's hash (OpenID Connect Core 1.0, 3.1.3.6). With EdDSA it is
/// left out: it would be one of SHA-512, which common libraries do not know.
fn at_hash(algorithm: IdTokenAlgorithm, access_token: &str) -> Option<String> {
    if algorithm == IdTokenAlgorithm::EdDsa {
        return None;
    }
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, access_token.as_bytes());
    Some(URL_SAFE_NO_PAD.encode(&hash.as_ref()[..16]))
}

/// What an app may know of a user (OpenID Connect Core 1.0, 5.1 and 5.4). What is empty is left
/// out.
pub fn user_claims(user: &User, scopes: &Scopes) -> Map<String, Value> {
    let mut claims = Map::new();
    let mut put = |name: &str, value: Value| claims.insert(name.to_owned(), value);
    put("sub", json!(user.id));
    if scopes.contain(Scope::Profile) {
        let (first, last) = (user.first_name.as_deref(), user.last_name.as_deref());
        if first.or(last).is_some() {
            put("name", json!(full_name(first, last)));
        }
        if let Some(first) = first {
            put("given_name", json!(first));
        }
        if let Some(last) = last {
            put("family_name", json!(last));
        }
        put("preferred_username", json!(user.email));
        put("locale", json!(user.language.as_str()));
        put("updated_at", json!(user.updated_at.unix_timestamp()));
    }
    if scopes.contain(Scope::Email) {
        put("email", json!(user.email));
        put("email_verified", json!(user.is_email_verified));
    }
    if scopes.contain(Scope::Groups) {
        put("groups", json!([]));
    }
    claims
}

fn full_name(first: Option<&str>, last: Option<&str>) -> String {
    let mut name = first.unwrap_or_default().to_owned();
    if let Some(last) = last {
        let space = if name.is_empty() { "" } else { " " };
        // Writing to a string cannot fail.
        let _ = write!(name, "{space}{last}");
    }
    name
}
