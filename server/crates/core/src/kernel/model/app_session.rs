use serde::Serialize;
use time::OffsetDateTime;
use time::serde::rfc3339;
use uuid::Uuid;

use super::{Principal, Scopes, User};

/// What a client got for one code. Its tokens speak for the user until it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppSession {
    /// The `sid` of its tokens.
    pub id: Uuid,
    pub user_id: Uuid,
    pub client_id: Uuid,
    pub scopes: Scopes,
    /// How the user was authenticated, and how sure that is (RFC 8176; NIST SP 800-63B).
    pub amr: String,
    pub acr: String,
    pub authenticated_at: OffsetDateTime,
    pub created_at: OffsetDateTime,
    /// The absolute end, which no refresh extends.
    pub expires_at: OffsetDateTime,
}

/// A code that is redeemed, with the session that it begins.
pub struct CodeRedemption {
    pub code_id: Uuid,
    /// The browser's session that the code was made in, whose end becomes that of the app's.
    pub browser_session_id: Uuid,
    pub session: AppSession,
    /// Of the first refresh token.
    pub token_hash: String,
    pub refresh_expires_at: OffsetDateTime,
}

/// What a redeemed code gives.
pub struct RedeemedCode {
    /// Whom it speaks for, with the browser's session.
    pub principal: Principal,
    /// Whether the client has not signed in through this browser's session before.
    pub is_first: bool,
}

/// The one conditional write of a refresh (ADR 0005).
pub struct AppRefresh {
    pub session_id: Uuid,
    pub client_id: Uuid,
    pub presented_hash: String,
    pub fresh_hash: String,
    pub fresh_nonce: String,
    pub now: OffsetDateTime,
    pub grace_since: OffsetDateTime,
    pub refresh_expires_at: OffsetDateTime,
}

/// What it leaves.
pub struct RefreshedApp {
    pub user: User,
    pub session: AppSession,
    /// The nonce that the live successor was derived with.
    pub successor_nonce: String,
}

/// The refresh tokens of an app's session as they stand.
pub struct AppTokenState {
    pub user_id: Uuid,
    pub client_id: Uuid,
    pub token_hash: String,
    pub previous_hash: Option<String>,
    pub is_live: bool,
}

/// An app's session as its user can read it back.
#[derive(Serialize)]
pub struct AppSessionRecord {
    pub id: Uuid,
    /// What the client calls itself.
    pub client_id: String,
    pub scopes: Scopes,
    #[serde(with = "rfc3339")]
    pub authenticated_at: OffsetDateTime,
    #[serde(with = "rfc3339")]
    pub created_at: OffsetDateTime,
    #[serde(with = "rfc3339::option")]
    pub rotated_at: Option<OffsetDateTime>,
    #[serde(with = "rfc3339")]
    pub expires_at: OffsetDateTime,
    #[serde(with = "rfc3339::option")]
    pub ended_at: Option<OffsetDateTime>,
}

/// What the user has agreed that a client may do, as they can read it back.
#[derive(Serialize)]
pub struct GrantRecord {
    pub client_id: String,
    pub scopes: Scopes,
    #[serde(with = "rfc3339")]
    pub created_at: OffsetDateTime,
    #[serde(with = "rfc3339")]
    pub updated_at: OffsetDateTime,
}
