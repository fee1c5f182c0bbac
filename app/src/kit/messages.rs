//! What errors and notices say, looked up by closed code. The words are the catalogue's.

use time::OffsetDateTime;
use vestibule_core::model::{MAX_NAME_CHARS, Purpose};
use vestibule_core::{ErrorCode, Field, FieldCode, Lifetimes};
use vestibule_i18n::{Texts, life, t};

use super::components::slot;
use super::form::{CONFIRM, Flash, Form, Notice, PageError, SIGNED_IN_AS};

/// Waits up to this are said in seconds, longer ones in minutes.
const SECONDS: u64 = 90;
/// Longer waits are not counted down.
const MAX_MINUTES: u64 = 120;

/// One sentence on top of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// With a [`slot`] for each part.
    pub text: String,
    pub parts: Vec<Part>,
}

/// What stands in a sentence and is more than text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// How long to wait, in seconds, where it is known.
    Wait(Option<u64>),
    Link {
        to: &'static str,
        text: String,
    },
    /// An email address.
    Address(String),
    /// A date and time.
    Moment(OffsetDateTime),
}

impl Message {
    fn new(text: String, parts: Vec<Part>) -> Self {
        Self { text, parts }
    }
}

/// What went wrong with a form, if anything did. Errors of single fields are [`FieldErrors`].
pub fn form_error(texts: Texts, flash: &Flash) -> Option<Message> {
    if let Some(page_error) = flash.page_error {
        return Some(page_error_message(texts, flash, page_error));
    }
    let code = flash.error()?;
    let wait = Part::Wait(flash.retry_after);
    let text = match (code, flash.form) {
        _ if flash.field_errors().next().is_some() || flash.is_unticked() => {
            t!(texts, "error-fields")
        }
        (ErrorCode::InvalidCredentials, Some(Form::VerifyEmail)) => {
            t!(texts, "error-code-or-password")
        }
        (ErrorCode::InvalidCredentials, Some(Form::SignIn)) => {
            t!(texts, "error-credentials-sign-in")
        }
        (ErrorCode::InvalidCredentials, _) => t!(texts, "error-credentials"),
        (ErrorCode::InvalidToken, _) => t!(texts, "error-link-dead"),
        (ErrorCode::NotFound, _) => t!(texts, "error-session-gone"),
        (ErrorCode::EmailTaken, _) => t!(texts, "field-taken"),
        (
            ErrorCode::RateLimited,
            Some(Form::SignIn | Form::ChangePassword | Form::Reauthenticate | Form::DeleteAccount),
        ) => {
            let link = Part::Link {
                to: "/forgot-password",
                text: t!(texts, "error-limited-sign-in-link"),
            };
            let (at, to) = (slot(0), slot(1));
            let text = t!(texts, "error-limited-sign-in", wait = at, link = to);
            return Some(Message::new(text, vec![wait, link]));
        }
        (ErrorCode::RateLimited, _) => {
            let text = t!(texts, "error-limited", wait = slot(0));
            return Some(Message::new(text, vec![wait]));
        }
        (ErrorCode::Overloaded, _) => {
            let text = t!(texts, "error-overloaded", wait = slot(0));
            return Some(Message::new(text, vec![wait]));
        }
        (ErrorCode::Unavailable, _) => t!(texts, "error-unavailable"),
        _ => t!(texts, "error-internal"),
    };
    Some(Message::new(text, Vec::new()))
}

fn page_error_message(texts: Texts, flash: &Flash, page_error: PageError) -> Message {
    match page_error {
        PageError::NoCookies => Message::new(t!(texts, "error-no-cookies"), Vec::new()),
        PageError::OtherAccount => {
            let text = t!(texts, "error-other-account", email = slot(0));
            Message::new(text, vec![Part::Address(flash.value(SIGNED_IN_AS))])
        }
    }
}

/// What is wrong with the fields of a form, by their names.
pub struct FieldErrors(Vec<(&'static str, String)>);

impl FieldErrors {
    /// `min_length` is the shortest new password that the rules allow.
    pub fn new(texts: Texts, flash: &Flash, min_length: usize) -> Self {
        let errors = flash.field_errors().map(|error| {
            let text = field(texts, error.field, error.code, min_length);
            (error.field.as_str(), text)
        });
        let unticked = flash
            .is_unticked()
            .then(|| (CONFIRM, t!(texts, "account-delete-unticked")));
        Self(errors.chain(unticked).collect())
    }

    /// All of them, for the summary.
    pub fn list(&self) -> Vec<(&'static str, String)> {
        self.0.clone()
    }

    /// The one of this field.
    pub fn of(&self, field: Field) -> Option<String> {
        self.0
            .iter()
            .find(|(name, _)| *name == field.as_str())
            .map(|(_, text)| text.clone())
    }
}

/// What is wrong with one field. `min_length` is the shortest password that the rules allow.
fn field(texts: Texts, field: Field, code: FieldCode, min_length: usize) -> String {
    let name = field.as_str();
    match (code, field) {
        (FieldCode::Required, _) => t!(texts, "field-required", field = name),
        (FieldCode::InvalidEmail, _) => t!(texts, "field-invalid-email"),
        (FieldCode::TooShort, _) => t!(texts, "field-too-short", count = min_length),
        (FieldCode::TooLong, Field::FirstName | Field::LastName) => {
            t!(texts, "field-too-long-name", count = MAX_NAME_CHARS)
        }
        (FieldCode::TooLong, _) => t!(texts, "field-too-long", field = name),
        (FieldCode::TooWeak, _) => t!(texts, "field-too-weak"),
        (FieldCode::TooCommon, _) => t!(texts, "field-too-common"),
        (FieldCode::InvalidCharacters, _) => {
            t!(texts, "field-invalid-characters", field = name)
        }
        (FieldCode::Taken, _) => t!(texts, "field-taken"),
        (FieldCode::Unchanged, _) => t!(texts, "field-unchanged"),
        (FieldCode::Incorrect, Field::Code) => t!(texts, "field-code-incorrect"),
        (FieldCode::Incorrect, _) => t!(texts, "field-incorrect", field = name),
        (FieldCode::Invalid, _) => t!(texts, "field-invalid"),
    }
}

/// A notice in one sentence and, where there is more to say, what follows from it.
pub fn notice(texts: Texts, lifetimes: &Lifetimes, notice: Notice) -> (Message, Option<String>) {
    let parts = match notice {
        Notice::DeletionScheduled { at } => vec![Part::Moment(moment(at))],
        _ => Vec::new(),
    };
    let message = Message::new(notice_text(texts, notice), parts);
    (message, consequence(texts, lifetimes, notice))
}

/// With a [`slot`] for each part.
fn notice_text(texts: Texts, notice: Notice) -> String {
    match notice {
        Notice::Registered
        | Notice::VerificationSent
        | Notice::ResetSent
        | Notice::EmailChangeRequested => t!(texts, "notice-check-inbox"),
        Notice::EmailVerified => t!(texts, "notice-email-verified"),
        Notice::PasswordReset | Notice::PasswordChanged => t!(texts, "notice-password-changed"),
        Notice::Reauthenticated => t!(texts, "notice-password-confirmed"),
        Notice::SessionEnded => t!(texts, "notice-session-ended"),
        Notice::OtherSessionsEnded => t!(texts, "notice-other-sessions-ended"),
        Notice::SignedOut => t!(texts, "notice-signed-out"),
        Notice::SignInAgain => t!(texts, "notice-sign-in-again"),
        Notice::ProfileUpdated => t!(texts, "notice-profile-updated"),
        Notice::EmailChangeCancelled => t!(texts, "notice-email-change-cancelled"),
        Notice::EmailChanged { .. } => t!(texts, "notice-email-changed"),
        Notice::EmailReverted => t!(texts, "notice-email-reverted"),
        Notice::DeletionScheduled { .. } => {
            t!(texts, "notice-deletion-scheduled", date = slot(0))
        }
        Notice::DeletionCancelled => t!(texts, "notice-deletion-cancelled"),
    }
}

/// What follows from a notice, where there is more to say.
fn consequence(texts: Texts, lifetimes: &Lifetimes, notice: Notice) -> Option<String> {
    Some(match notice {
        Notice::Registered => t!(texts, "notice-registered"),
        Notice::VerificationSent => t!(texts, "notice-verification-sent"),
        Notice::ResetSent => {
            let life = life(texts, lifetimes.link(Purpose::ResetPassword));
            t!(texts, "notice-reset-sent", life = life)
        }
        Notice::PasswordReset => t!(texts, "notice-password-reset"),
        Notice::PasswordChanged => t!(texts, "notice-other-devices"),
        Notice::SignInAgain => t!(texts, "notice-sign-in-again-text"),
        Notice::EmailChangeRequested => t!(texts, "notice-email-change-requested"),
        Notice::EmailChanged {
            is_former_notified: true,
        } => {
            let life = life(texts, lifetimes.link(Purpose::RevertEmail));
            t!(texts, "notice-email-changed-text", life = life)
        }
        Notice::EmailReverted => t!(texts, "notice-email-reverted-text"),
        Notice::DeletionScheduled { .. } => t!(texts, "notice-deletion-scheduled-text"),
        Notice::DeletionCancelled => t!(texts, "notice-deletion-cancelled-text"),
        Notice::EmailVerified
        | Notice::Reauthenticated
        | Notice::SessionEnded
        | Notice::OtherSessionsEnded
        | Notice::SignedOut
        | Notice::ProfileUpdated
        | Notice::EmailChangeCancelled
        | Notice::EmailChanged { .. } => return None,
    })
}

/// Seconds since 1970 as a time; the cookie that they come from is sealed, so they are one.
fn moment(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// The heading and text of a page that shows nothing but an error.
/// `retry_after` are the seconds to wait.
pub fn error_page(texts: Texts, code: ErrorCode, retry_after: Option<u64>) -> (String, String) {
    let wait = || wait(texts, retry_after);
    match code {
        ErrorCode::NotFound => (
            t!(texts, "error-page-not-found"),
            t!(texts, "error-page-not-found-text"),
        ),
        ErrorCode::Unavailable | ErrorCode::Overloaded => (
            t!(texts, "error-page-busy"),
            t!(texts, "error-page-busy-text", wait = wait()),
        ),
        ErrorCode::RateLimited => (
            t!(texts, "error-page-limited"),
            t!(texts, "error-page-limited-text", wait = wait()),
        ),
        ErrorCode::Forbidden => (
            t!(texts, "error-page-forbidden"),
            t!(texts, "error-page-forbidden-text"),
        ),
        ErrorCode::MethodNotAllowed => (
            t!(texts, "error-page-method"),
            t!(texts, "error-page-method-text"),
        ),
        ErrorCode::BodyTooLarge => (
            t!(texts, "error-page-too-large"),
            t!(texts, "error-page-too-large-text"),
        ),
        ErrorCode::MalformedBody
        | ErrorCode::ValidationFailed
        | ErrorCode::UnsupportedMediaType => (
            t!(texts, "error-page-unreadable"),
            t!(texts, "error-page-unreadable-text"),
        ),
        ErrorCode::RequestTimeout => (
            t!(texts, "error-page-timeout"),
            t!(texts, "error-page-timeout-text"),
        ),
        ErrorCode::MisdirectedRequest => (
            t!(texts, "error-page-host"),
            t!(texts, "error-page-host-text"),
        ),
        _ => (
            t!(texts, "error-page-internal"),
            t!(texts, "error-page-internal-text"),
        ),
    }
}

/// A wait as end users read it: seconds up to a minute and a half, minutes after that. It stands
/// after "in".
pub fn wait(texts: Texts, seconds: Option<u64>) -> String {
    match seconds {
        None => t!(texts, "wait-moment"),
        Some(seconds @ ..=SECONDS) => t!(texts, "wait-seconds", count = seconds.max(1)),
        Some(seconds) => t!(texts, "wait-minutes", count = seconds.div_ceil(60)),
    }
}

/// What [`wait`] says in the course of a wait: an entry for
/// each second up to a minute and a half, then one a minute.
pub fn waits(texts: Texts, seconds: u64) -> Vec<String> {
    let one_by_one = (1..=seconds.clamp(1, SECONDS)).map(Some);
    let minutes = 2..=seconds.div_ceil(60).min(MAX_MINUTES);
    let minutes = minutes
        .filter(|_| seconds > SECONDS)
        .map(|minute| Some(minute * 60));
    one_by_one
        .chain(minutes)
        .map(|seconds| wait(texts, seconds))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use vestibule_core::AuthError;
    use vestibule_core::model::Language;

    use super::*;

    const ENGLISH: Texts = Texts::of(Language::English);
    const GERMAN: Texts = Texts::of(Language::German);

    #[test]
    fn every_code_has_a_text() {
        for texts in [ENGLISH, GERMAN] {
            for code in ErrorCode::ALL {
                let (heading, text) = error_page(texts, *code, None);
                assert!(!heading.is_empty() && text.ends_with('.'), "{code}");
            }
            for code in FieldCode::ALL {
                for name in Field::ALL {
                    let text = field(texts, *name, *code, 8);
                    assert!(
                        text.ends_with('.') && text.starts_with(char::is_uppercase),
                        "{name} {code}: {text}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_throttled_sign_in_says_how_long_and_where_to_go() {
        let limited = || AuthError::RateLimited {
            retry_after: Duration::from_secs(40),
        };
        let message = form_error(ENGLISH, &Flash::refused(Form::SignIn, limited())).unwrap();
        let [wait, Part::Link { to, .. }] = &message.parts[..] else {
            panic!("{message:?}");
        };
        assert_eq!((wait, *to), (&Part::Wait(Some(40)), "/forgot-password"));
        for (index, _) in message.parts.iter().enumerate() {
            assert_eq!(message.text.matches(&slot(index)).count(), 1, "{message:?}");
        }
        // A new password does not help who asked for too many mails.
        for form in [Form::Register, Form::ChangeEmail, Form::VerifyLink] {
            let message = form_error(ENGLISH, &Flash::refused(form, limited())).unwrap();
            assert_eq!(message.parts, [Part::Wait(Some(40))], "{form:?}");
        }
    }

    #[test]
    fn waits_are_readable() {
        assert_eq!(wait(ENGLISH, Some(0)), "1 second");
        assert_eq!(wait(ENGLISH, Some(1)), "1 second");
        assert_eq!(wait(ENGLISH, Some(90)), "90 seconds");
        assert_eq!(wait(ENGLISH, Some(91)), "2 minutes");
        assert_eq!(wait(ENGLISH, None), "a moment");
        assert_eq!(wait(GERMAN, Some(91)), "2 Minuten");
    }

    #[test]
    fn a_countdown_has_a_text_for_every_step() {
        assert_eq!(waits(ENGLISH, 2), ["1 second", "2 seconds"]);
        let long = waits(ENGLISH, 200);
        assert_eq!(long.len(), 90 + 3);
        assert_eq!(
            long[89..],
            ["90 seconds", "2 minutes", "3 minutes", "4 minutes"]
        );
    }

    #[test]
    fn sentences_about_fields_read_well() {
        for (name, code, text) in [
            (
                Field::CurrentPassword,
                FieldCode::Incorrect,
                "Your current password is incorrect.",
            ),
            (
                Field::NewPassword,
                FieldCode::TooLong,
                "The password is too long.",
            ),
            (Field::Password, FieldCode::Required, "Enter a password."),
        ] {
            assert_eq!(field(ENGLISH, name, code, 8), text);
        }
        assert_eq!(
            field(GERMAN, Field::FirstName, FieldCode::TooLong, 8),
            "Nehmen Sie höchstens 100 Zeichen."
        );
    }
}
