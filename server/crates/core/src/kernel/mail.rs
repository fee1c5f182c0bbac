//! The mails that Vestibule sends, as facts; `vestibule-mail` gives them words.

use time::OffsetDateTime;
use uuid::Uuid;

use crate::kernel::errors::codes;
use crate::kernel::model::{Language, display_email};

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
        /// To the new address of a change: the link that confirms it.
        ConfirmNewEmail = "confirm_new_email",
        /// To the present address: a change of it was requested.
        EmailChangeRequested = "email_change_requested",
        /// To the address that an account had until now, with the link that goes back to it.
        EmailChanged = "email_changed",
        /// To the address that an account went back to.
        EmailReverted = "email_reverted",
        /// To the address that an account left by going back to a former one.
        EmailTakenBack = "email_taken_back",
        /// A sign-in on a device that the account was not used on before.
        NewDevice = "new_device",
        /// The account will be deleted, with the link that keeps it.
        DeletionScheduled = "deletion_scheduled",
        /// The account will not be deleted after all.
        DeletionCancelled = "deletion_cancelled",
        /// All data about the user was downloaded.
        DataExported = "data_exported",
    }
}

impl MailKind {
    /// Mails with a lower one go out first. What keeps an account safe, or gives it back, does not
    /// wait behind mails that anybody can ask for in any number.
    pub fn priority(self) -> i32 {
        match self {
            Self::Welcome | Self::VerifyEmail | Self::AlreadyRegistered | Self::ConfirmNewEmail => {
                1
            }
            Self::ResetPassword
            | Self::PasswordChanged
            | Self::SessionEnded
            | Self::EmailChangeRequested
            | Self::EmailChanged
            | Self::EmailReverted
            | Self::EmailTakenBack
            | Self::NewDevice
            | Self::DeletionScheduled
            | Self::DeletionCancelled
            | Self::DataExported => 0,
        }
    }
}

/// Where and when the thing happened that the mail reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailContext {
    pub device: String,
    pub ip_address: String,
    pub at: OffsetDateTime,
    /// Where the mail reports a change of address, the one that it went to;
    /// shown by [`mask_email`].
    pub other_email: Option<String>,
}

codes! {
    /// How far the outbox is with a mail.
    MailStatus {
        Pending = "pending",
        Sent = "sent",
        /// Given up.
        Dead = "dead",
    }
}

/// A mail to put into the outbox, in the transaction of the fact it reports.
pub struct NewMail {
    pub id: Uuid,
    pub kind: MailKind,
    pub user_id: Uuid,
    /// The token in the mailed link; only its id is kept,
    /// the token is derived when the mail is rendered.
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
    pub language: Language,
    /// How many codes were tried in a row for the account.
    pub code_entries: u32,
    pub context: MailContext,
    /// When it was put in; what it reports may be older.
    pub created_at: OffsetDateTime,
    /// How often sending was tried before this time.
    pub attempts: u32,
    /// What came of the last time.
    pub last_error: Option<String>,
}

/// A mail ready to be put into words: everything a template may show.
#[derive(Clone)]
pub struct OutgoingMail {
    pub id: Uuid,
    pub kind: MailKind,
    pub recipient: String,
    pub first_name: Option<String>,
    pub language: Language,
    pub context: MailContext,
    /// The page to open, with its token where the mail carries one.
    pub link: Option<String>,
    /// The page that lists the sessions and ends them, where the
    /// mail reports what an attacker in one of them may have done.
    pub sessions_link: Option<String>,
    /// The six digits that do the same as the link.
    pub code: Option<String>,
    /// Until when the link works; of a scheduled deletion also when the account goes.
    pub deadline: Option<OffsetDateTime>,
}

/// An address as it may be shown to a person who need not know it: `z***@example.org`.
pub fn mask_email(email: &str) -> String {
    let email = display_email(email);
    let (local, domain) = email.split_once('@').unwrap_or((&email, ""));
    let first: String = local.chars().take(1).collect();
    format!("{first}***@{domain}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_address_keeps_its_first_letter_and_its_domain() {
        assert_eq!(mask_email("zoe@example.org"), "z***@example.org");
        assert_eq!(mask_email("z@example.org"), "z***@example.org");
        let shown = mask_email("zoe@xn--bcher-kva.example");
        assert_eq!(shown, "z***@b\u{fc}cher.example");
    }
}
