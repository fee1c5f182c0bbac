use time::OffsetDateTime;
use uuid::Uuid;

use super::Principal;
use crate::kernel::errors::codes;

/// The first refresh token of a session; one row is the whole family.
pub struct NewRefreshToken {
    /// The family's id, which its tokens carry.
    pub id: Uuid,
    pub user_id: Uuid,
    pub session_id: Uuid,
    pub token_hash: String,
    pub device_info: String,
    pub expires_at: OffsetDateTime,
    pub created_at: OffsetDateTime,
}

/// The one conditional write of a refresh (ADR 0005).
pub struct RefreshRotation {
    pub family_id: Uuid,
    /// Hash of the token that was shown.
    pub presented_hash: String,
    /// The successor to install if this rotation makes one.
    pub fresh_hash: String,
    pub fresh_nonce: String,
    pub now: OffsetDateTime,
    /// A replay of the previous token after this instant still gets the same successor.
    pub grace_since: OffsetDateTime,
    /// The end of the successor's life.
    pub expires_at: OffsetDateTime,
}

/// What the family looks like after the write.
pub struct RotationOutcome {
    /// Whom the token speaks for.
    pub principal: Principal,
    /// The nonce that the live successor was derived with:
    /// the fresh one, or the earlier one of a replay in grace.
    pub successor_nonce: String,
}

/// A family as it stands, to distinguish a stale token from a stolen one.
pub struct RefreshTokenState {
    pub user_id: Uuid,
    pub session_id: Uuid,
    pub token_hash: String,
    pub previous_hash: Option<String>,
    pub is_revoked: bool,
    pub expires_at: OffsetDateTime,
}

codes! {
    /// What signs the ID tokens of a client (RFC 7518; RFC 8037).
    IdTokenAlgorithm { Rs256 = "RS256", Es256 = "ES256", EdDsa = "EdDSA" }
}

impl IdTokenAlgorithm {
    /// The keys of this algorithm that sign ID tokens.
    pub const fn keys(self) -> KeyKind {
        KeyKind {
            set: KeyKind::APPS,
            algorithm: match self {
                Self::Rs256 => "RS256",
                Self::Es256 => "ES256",
                Self::EdDsa => "EdDSA",
            },
        }
    }
}

/// What keys sign, and by which algorithm. The keys of a kind take each other's place, and no
/// other's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyKind {
    /// The set that they are published in.
    pub set: &'static str,
    /// As in a token's header (RFC 7518).
    pub algorithm: &'static str,
}

impl KeyKind {
    /// The set that ID tokens are verified with.
    pub const APPS: &str = "apps";

    /// The keys that sign the portal's own access tokens.
    pub const PORTAL: Self = Self {
        set: "portal",
        algorithm: "EdDSA",
    };
    /// All kinds.
    pub const ALL: [Self; 5] = [
        Self::PORTAL,
        Self::APP_ACCESS,
        IdTokenAlgorithm::Rs256.keys(),
        IdTokenAlgorithm::Es256.keys(),
        IdTokenAlgorithm::EdDsa.keys(),
    ];
    /// The keys that sign the access tokens of apps, which the portal alone verifies.
    pub const APP_ACCESS: Self = Self {
        set: "app_access",
        algorithm: "EdDSA",
    };
}

/// A signing key at rest: the private half is sealed under the master key.
#[derive(Clone)]
pub struct SigningKey {
    /// RFC 7638 thumbprint of the public key.
    pub kid: String,
    pub kind: KeyKind,
    pub sealed_private_key: String,
    /// Published from `created_at`, used for signing from `active_at`.
    pub created_at: OffsetDateTime,
    pub active_at: OffsetDateTime,
    /// Published until then; `None` for a key in use.
    pub expires_at: Option<OffsetDateTime>,
}
