//! The mails that Vestibule sends, as facts; `vestibule-mail` gives them words.

use serde::Serialize;
use time::OffsetDateTime;
use time::serde::rfc3339;
use uuid::Uuid;

use crate::kernel::errors::codes;
use crate::kernel::model::{Language, Purpose, display_email};

/// In what order a mail says what it has to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailShape {
    /// Something was asked for: the button does it, and comes before what holds if another person
    /// asked.
    Request,
    /// Something happened, when and where; the button is the next step.
    Report,
    /// Something happened, when and where; the button is for a reader who did not do it, and comes
    /// last.
    Warning,
}

/// How a mail differs from the others.
#[derive(Clone, Copy)]
struct Traits {
    shape: MailShape,
    page: &'static str,
    purpose: Option<Purpose>,
    has_code: bool,
    shows_sessions: bool,
    priority: i32,
}

/// A mail that leads to a page.
const fn page(page: &'static str) -> Traits {
    Traits {
        shape: MailShape::Request,
        page,
        purpose: None,
        has_code: false,
        shows_sessions: false,
        priority: 0,
    }
}

/// A mail with a link of this purpose.
const fn link(purpose: Purpose) -> Traits {
    Traits {
        purpose: Some(purpose),
        ..page(purpose.page())
    }
}

impl Traits {
    /// It reports what happened.
    const fn reports(self) -> Self {
        Self {
            shape: MailShape::Report,
            ..self
        }
    }

    /// It warns a reader who did not do what happened.
    const fn warns(self) -> Self {
        Self {
            shape: MailShape::Warning,
            ..self
        }
    }

    /// With six digits that do the same as the link.
    const fn with_code(self) -> Self {
        Self {
            has_code: true,
            ..self
        }
    }

    /// With the page of the sessions: it reports what an attacker in one of them may have done.
    const fn with_sessions(self) -> Self {
        Self {
            shows_sessions: true,
            ..self
        }
    }

    /// What keeps an account safe, or gives it back, does not wait behind mails that anybody can
    /// ask for in any number.
    const fn later(self) -> Self {
        Self {
            priority: 1,
            ..self
        }
    }
}

macro_rules! mails {
    ($($(#[$doc:meta])* $kind:ident = $code:literal: $traits:expr,)+) => {
        codes! {
            /// Which mail. The outbox stores the code.
            MailKind { $($(#[$doc])* $kind = $code),+ }
        }

        impl MailKind {
            const fn traits(self) -> Traits {
                match self { $(Self::$kind => $traits),+ }
            }
        }
    };
}

mails! {
    /// After registration: welcome, with the link and code that verify the address.
    Welcome = "welcome": link(Purpose::VerifyEmail).with_code().later(),
    /// The link and code again.
    VerifyEmail = "verify_email": link(Purpose::VerifyEmail).with_code().later(),
    /// The link that sets a new password.
    ResetPassword = "reset_password": link(Purpose::ResetPassword),
    /// Private registration with a taken address: "you already have an account".
    AlreadyRegistered = "already_registered": page("/login").later(),
    /// The password was changed or reset.
    PasswordChanged = "password_changed": page("/forgot-password").warns(),
    /// A stolen refresh token was replayed and its session ended.
    SessionEnded = "session_ended": page("/forgot-password").warns(),
    /// To the new address of a change: the link that confirms it.
    ConfirmNewEmail = "confirm_new_email": link(Purpose::ChangeEmail).later(),
    /// To the present address: a change of it was requested.
    EmailChangeRequested = "email_change_requested": page("/forgot-password").warns(),
    /// To the address that an account had until now, with the link that goes back to it.
    EmailChanged = "email_changed": link(Purpose::RevertEmail).warns(),
    /// To the address that an account went back to.
    EmailReverted = "email_reverted": page("/forgot-password").reports(),
    /// To the address that an account left by going back to a former one.
    EmailTakenBack = "email_taken_back": page("/forgot-password").reports(),
    /// A sign-in on a device that the account was not used on before.
    NewDevice = "new_device": page("/forgot-password").warns().with_sessions(),
    /// The account will be deleted, with the link that keeps it.
    DeletionScheduled = "deletion_scheduled": link(Purpose::RestoreAccount).reports(),
    /// The account will not be deleted after all.
    DeletionCancelled = "deletion_cancelled": page("/login").reports(),
    /// All data about the user was downloaded.
    DataExported = "data_exported": page("/forgot-password").warns().with_sessions(),
}

impl MailKind {
    /// Mails with a lower one go out first.
    pub fn priority(self) -> i32 {
        self.traits().priority
    }

    pub fn shape(self) -> MailShape {
        self.traits().shape
    }

    /// The page that the mail leads to.
    pub fn page(self) -> &'static str {
        self.traits().page
    }

    /// What the link is for that the mail carries, where it carries one.
    pub fn purpose(self) -> Option<Purpose> {
        self.traits().purpose
    }

    /// Whether it carries the six digits that do the same as the link.
    pub fn has_code(self) -> bool {
        self.traits().has_code
    }

    /// Whether it links to the page of the sessions as well.
    pub fn shows_sessions(self) -> bool {
        self.traits().shows_sessions
    }
}

/// Where and when the thing happened that the mail reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MailContext {
    pub device: String,
    pub ip_address: String,
    #[serde(rename = "happened_at", with = "rfc3339")]
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

/// What is noted of a mail that was tried.
pub enum MailOutcome {
    /// At this time.
    Sent(OffsetDateTime),
    /// Nobody could be asked to take it: that was no try. Due again then.
    Postponed(OffsetDateTime, String),
    /// Due again then, and dead if there is no next time.
    Failed(Option<OffsetDateTime>, String),
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
