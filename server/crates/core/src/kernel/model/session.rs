use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::serde::rfc3339;
use uuid::Uuid;

use super::User;
use crate::kernel::errors::codes;

codes! {
    /// Which face began the session.
    SessionKind { Browser = "browser", Api = "api" }
}

codes! {
    /// How the user proved who they are.
    SignInMethod { Password = "password", Registration = "registration" }
}

impl SignInMethod {
    /// How the user was authenticated: a code of RFC 8176.
    pub fn amr(self) -> &'static str {
        match self {
            Self::Password | Self::Registration => "pwd",
        }
    }

    /// The authentication assurance level of NIST SP 800-63B that this is.
    pub fn acr(self) -> &'static str {
        match self {
            Self::Password | Self::Registration => "aal1",
        }
    }
}

/// One sign-in on one device. Browser and API sessions are
/// the same kind of row, so one list shows and ends both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    pub id: Uuid,
    pub user_id: Uuid,
    pub kind: SessionKind,
    /// As end users read it: "Firefox on Linux", or the name that the client gave.
    pub device: String,
    pub ip_address: String,
    pub user_agent: Option<String>,
    pub method: SignInMethod,
    /// Whether the browser may keep the cookie after it closes.
    pub is_persistent: bool,
    #[serde(with = "rfc3339")]
    pub created_at: OffsetDateTime,
    #[serde(with = "rfc3339")]
    pub last_seen_at: OffsetDateTime,
    /// When the password was last given in it.
    #[serde(with = "rfc3339")]
    pub authenticated_at: OffsetDateTime,
    /// The absolute end, which no activity extends.
    #[serde(with = "rfc3339")]
    pub expires_at: OffsetDateTime,
}

/// Who is asking: a live session and its active user, looked up for this request.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Principal {
    pub user: User,
    pub session: Session,
}
