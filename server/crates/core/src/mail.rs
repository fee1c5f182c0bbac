//! The mails that Vestibule sends, as facts; `vestibule-mail` gives them words.

use time::OffsetDateTime;
use uuid::Uuid;

use crate::error::codes;

codes! {
    /// Which mail. The outbox stores the code.
    MailKind {
        /// After registration: welcome, with the link and code that verify the address.
        Welcome = "welcome",
        /// The link and code again.
        VerifyEmail = "verify_email",
        /// The link that sets a new password.
        ResetPassword = "reset_password",
        /// Private registration with a taken address: "you already have an account".
        AlreadyRegistered = "already_registered",
        /// The password was changed or reset.
        PasswordChanged = "password_changed",
        /// A stolen refresh token was replayed and its session ended.
        SessionEnded = "session_ended",
    }
}

/// Where and when the thing happened that the mail tells of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailContext {
    pub device: String,
    pub ip_address: String,
    pub at: OffsetDateTime,
}

/// A mail to put into the outbox, in the transaction of the fact it tells.
pub struct NewMail {
    pub id: Uuid,
    pub kind: MailKind,
    pub user_id: Uuid,
    /// The one-time token that the mail carries; only its id is kept, the token is derived when the mail is rendered.
    pub token_id: Option<Uuid>,
    pub recipient: String,
    pub context: MailContext,
    pub created_at: OffsetDateTime,
}

/// A mail that a worker holds under a lease.
#[derive(Clone, Debug)]
pub struct LeasedMail {
    pub id: Uuid,
    pub kind: MailKind,
    pub token_id: Option<Uuid>,
    pub recipient: String,
    pub first_name: Option<String>,
    pub context: MailContext,
    /// How often sending was tried before this time.
    pub attempts: u32,
}

/// A mail ready to be put into words: everything a template may show.
#[derive(Clone)]
pub struct OutgoingMail {
    pub id: Uuid,
    pub kind: MailKind,
    pub recipient: String,
    pub first_name: Option<String>,
    pub context: MailContext,
    /// The page to open, with its token where the mail carries one.
    pub link: Option<String>,
    /// The six digits that do the same as the link.
    pub code: Option<String>,
}
