use std::time::Duration;

use time::OffsetDateTime;
use uuid::Uuid;

use super::{EmailAddress, Principal};
use crate::kernel::errors::codes;

/// The accounts that a link is good for. One that an operator closed is among none of them: no link
/// gives it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkAccounts {
    Active,
    /// Those that are scheduled for deletion.
    Scheduled,
    ActiveOrScheduled,
}

impl LinkAccounts {
    pub fn admit(self, is_active: bool, is_scheduled: bool) -> bool {
        match self {
            Self::Active => is_active,
            Self::Scheduled => is_scheduled,
            Self::ActiveOrScheduled => is_active || is_scheduled,
        }
    }
}

macro_rules! purposes {
    ($(
        $(#[$doc:meta])*
        $purpose:ident = $code:literal: $page:literal, $life:expr, $accounts:ident;
    )+) => {
        codes! {
            /// What a mailed link is for. A link of one purpose is nothing in the place of another.
            Purpose { $($(#[$doc])* $purpose = $code),+ }
        }

        impl Purpose {
            /// The page that the link opens.
            pub const fn page(self) -> &'static str {
                match self { $(Self::$purpose => $page),+ }
            }

            /// How long the link works where the deployment says nothing else.
            pub const fn default_life(self) -> Duration {
                match self { $(Self::$purpose => $life),+ }
            }

            pub const fn accounts(self) -> LinkAccounts {
                match self { $(Self::$purpose => LinkAccounts::$accounts),+ }
            }
        }
    };
}

const fn hours(count: u64) -> Duration {
    Duration::from_hours(count)
}

// Each with its code, its page, its life, and the accounts that it is good for.
purposes! {
    VerifyEmail = "verify_email": "/verify-email", hours(24), Active;
    ResetPassword = "reset_password": "/reset-password", hours(1), Active;
    /// Moves the account to the address that the token was mailed to.
    ChangeEmail = "change_email": "/verify-email", hours(24), Active;
    /// Moves the account back to the address that the token was mailed to. A thief of the account
    /// could have it deleted, so it is also good for one that is scheduled for that.
    RevertEmail = "revert_email": "/revert-email", hours(72), ActiveOrScheduled;
    /// Keeps an account that is scheduled for deletion.
    RestoreAccount = "restore_account": "/restore-account", hours(14 * 24), Scheduled;
}

/// A mailed single-use link as it is stored: only the hash of its token.
pub struct NewLink {
    pub id: Uuid,
    pub user_id: Uuid,
    pub purpose: Purpose,
    pub token_hash: String,
    /// The address that a change goes to, or a revert goes back to; nothing for other purposes.
    pub email: Option<EmailAddress>,
    /// The session that asked for it, where a change of address leaves it signed in.
    pub session_id: Option<Uuid>,
    pub expires_at: OffsetDateTime,
    pub ip_address: String,
    pub user_agent: Option<String>,
    pub created_at: OffsetDateTime,
}

/// A change of address that waits for the new one to confirm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingEmail {
    pub email: String,
    pub requested_at: OffsetDateTime,
    pub expires_at: OffsetDateTime,
}

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
    /// The keys that sign the portal's own access tokens.
    pub const PORTAL: Self = Self {
        set: "portal",
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
