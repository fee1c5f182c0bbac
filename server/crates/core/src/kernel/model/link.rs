use std::time::Duration;

use time::OffsetDateTime;
use uuid::Uuid;

use super::EmailAddress;
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
