//! The only English text of errors and notices, looked up by closed code. A translation starts here.

use vestibule_core::{ErrorCode, Field, FieldCode};

use crate::flash::{Flash, Form, Notice};

/// What went wrong, as one sentence on top of the form. Errors of single fields are [`field`]'s.
pub fn error(flash: &Flash) -> Option<String> {
    let code = flash.error()?;
    Some(match (code, flash.form()) {
        _ if flash.faults().next().is_some() => "Please check what you entered:".to_owned(),
        (ErrorCode::InvalidCredentials, _) => "Email or password is incorrect.".to_owned(),
        (ErrorCode::InvalidToken, _) => "This link has expired or was already used.".to_owned(),
        (ErrorCode::NotFound, _) => "That session has already ended.".to_owned(),
        // The page adds the link "reset your password".
        (ErrorCode::RateLimited, Some(Form::SignIn | Form::ChangePassword)) => {
            format!(
                "Too many attempts. Try again in {}, or",
                wait(flash.retry_after())
            )
        }
        (ErrorCode::RateLimited, _) => format!(
            "Too many attempts. Try again in {}.",
            wait(flash.retry_after())
        ),
        (ErrorCode::Overloaded, _) => {
            format!(
                "We are very busy right now. Nothing was changed. Try again in {}.",
                wait(flash.retry_after())
            )
        }
        (ErrorCode::Unavailable, _) => {
            "We cannot reach our database right now. Try again in a moment.".to_owned()
        }
        _ => "Something went wrong on our side. Try again in a moment.".to_owned(),
    })
}

/// What is wrong with the fields of a form.
pub struct FieldErrors(Vec<(Field, String)>);

impl FieldErrors {
    /// `min_length` is the shortest new password that the rules allow.
    pub fn new(flash: &Flash, min_length: usize) -> Self {
        Self(
            flash
                .faults()
                .map(|error| (error.field, field(error.field, error.code, min_length)))
                .collect(),
        )
    }

    /// All of them, for the summary.
    pub fn list(&self) -> Vec<(Field, String)> {
        self.0.clone()
    }

    /// The one of this field.
    pub fn of(&self, field: Field) -> Option<String> {
        self.0
            .iter()
            .find(|(name, _)| *name == field)
            .map(|(_, text)| text.clone())
    }
}

/// What is wrong with one field. `min_length` is the shortest password that the rules allow.
fn field(field: Field, code: FieldCode, min_length: usize) -> String {
    match (code, field) {
        (FieldCode::Required, _) => format!("Enter {}.", name(field)),
        (FieldCode::InvalidEmail, _) => "Enter an email address like name@example.com.".to_owned(),
        (FieldCode::TooShort, _) => format!("Use at least {min_length} characters."),
        (FieldCode::TooLong, Field::FirstName | Field::LastName) => "Use at most 100 characters.".to_owned(),
        (FieldCode::TooLong, _) => format!("{} is too long.", sentence(name(field))),
        (FieldCode::TooWeak, _) => {
            "This password is easy to guess. Add a few unrelated words, and leave out your name and address.".to_owned()
        }
        (FieldCode::TooCommon, _) => "This password is on lists of leaked passwords. Choose another one.".to_owned(),
        (FieldCode::InvalidCharacters, _) => format!("{} has characters that are not allowed.", sentence(name(field))),
        (FieldCode::Taken, _) => "This address already has an account.".to_owned(),
        (FieldCode::Incorrect, Field::Code) => "This code is wrong, was already used or has expired. You can open the link in the mail instead.".to_owned(),
        (FieldCode::Incorrect, _) => format!("{} is incorrect.", sentence(name(field))),
    }
}

/// Good news: a heading and, where there is more to say, a sentence.
pub fn notice(notice: Notice) -> (&'static str, &'static str) {
    match notice {
        Notice::Registered => (
            "Check your inbox",
            "We have sent you a mail with a link and a six-digit code.",
        ),
        Notice::VerificationSent => (
            "Check your inbox",
            "If the address belongs to an account that is not confirmed yet, a new mail is on its way.",
        ),
        Notice::EmailVerified => ("Your email address is confirmed", ""),
        Notice::ResetSent => (
            "Check your inbox",
            "If there is an account with this address, a mail with a link is on its way. The link works for one hour.",
        ),
        Notice::PasswordReset => (
            "Your password was changed",
            "All devices were signed out. Sign in with the new password.",
        ),
        Notice::PasswordChanged => (
            "Your password was changed",
            "All your other devices were signed out.",
        ),
        Notice::SessionEnded => ("The device was signed out", ""),
        Notice::OtherSessionsEnded => ("Your other devices were signed out", ""),
        Notice::SignedOut => ("You are signed out", ""),
        Notice::SignInAgain => ("Your session has ended", "Sign in to go on."),
    }
}

/// The heading and text of a page that shows nothing but an error.
pub fn error_page(code: ErrorCode) -> (&'static str, &'static str) {
    match code {
        ErrorCode::NotFound => (
            "Page not found",
            "There is no page at this address. It may have moved, or the link is incomplete.",
        ),
        ErrorCode::Unavailable | ErrorCode::Overloaded => (
            "Back in a moment",
            "We cannot answer right now. Nothing was changed. Try again in a few seconds.",
        ),
        ErrorCode::RateLimited => ("Too many requests", "Wait a moment, then try again."),
        ErrorCode::Forbidden => (
            "Not allowed",
            "The request came from another site. Open the page here and send the form again.",
        ),
        ErrorCode::MethodNotAllowed => ("Not possible this way", "Open the page and use its form."),
        ErrorCode::BodyTooLarge => (
            "Too much at once",
            "What you sent is larger than we accept.",
        ),
        ErrorCode::MalformedBody
        | ErrorCode::ValidationFailed
        | ErrorCode::UnsupportedMediaType => (
            "We could not read that",
            "Open the page and send its form again.",
        ),
        ErrorCode::RequestTimeout => (
            "That took too long",
            "The connection was too slow. Try again.",
        ),
        ErrorCode::MisdirectedRequest => (
            "Wrong address",
            "This service does not answer for this host.",
        ),
        _ => (
            "Something went wrong",
            "The fault is on our side. Try again in a moment.",
        ),
    }
}

/// A wait for people: seconds up to a minute and a half, minutes after that.
fn wait(seconds: Option<u64>) -> String {
    match seconds {
        None => "a moment".to_owned(),
        Some(0 | 1) => "1 second".to_owned(),
        Some(seconds @ ..=90) => format!("{seconds} seconds"),
        Some(seconds) => format!("{} minutes", seconds.div_ceil(60)),
    }
}

fn name(field: Field) -> &'static str {
    match field {
        Field::Email => "your email address",
        Field::Password | Field::NewPassword => "a password",
        Field::CurrentPassword => "your current password",
        Field::FirstName => "your first name",
        Field::LastName => "your last name",
        Field::DeviceName => "a device name",
        Field::Code => "the code",
        Field::Token => "the token",
    }
}

fn sentence(name: &str) -> String {
    let name = name.replacen("a password", "the password", 1);
    let mut chars = name.chars();
    chars
        .next()
        .map(|first| first.to_uppercase().chain(chars).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use vestibule_core::AuthError;

    use super::*;

    #[test]
    fn every_code_has_a_text() {
        for code in ErrorCode::ALL {
            let (heading, text) = error_page(*code);
            assert!(!heading.is_empty() && text.ends_with('.'), "{code}");
        }
        for code in FieldCode::ALL {
            for name in Field::ALL {
                let text = field(*name, *code, 8);
                assert!(
                    text.ends_with('.') && text.starts_with(char::is_uppercase),
                    "{name} {code}: {text}"
                );
            }
        }
    }

    #[test]
    fn a_throttled_sign_in_says_how_long() {
        let flash = Flash::refused(
            Form::SignIn,
            AuthError::RateLimited {
                retry_after: Duration::from_secs(40),
            },
        );
        assert_eq!(
            error(&flash).unwrap(),
            "Too many attempts. Try again in 40 seconds, or"
        );
    }

    #[test]
    fn a_wrong_sign_in_does_not_say_what_was_wrong() {
        let flash = Flash::refused(Form::SignIn, AuthError::InvalidCredentials);
        assert_eq!(error(&flash).unwrap(), "Email or password is incorrect.");
    }

    #[test]
    fn waits_are_readable() {
        assert_eq!(wait(Some(1)), "1 second");
        assert_eq!(wait(Some(90)), "90 seconds");
        assert_eq!(wait(Some(91)), "2 minutes");
        assert_eq!(wait(None), "a moment");
    }

    #[test]
    fn sentences_about_fields_read_well() {
        assert_eq!(
            field(Field::CurrentPassword, FieldCode::Incorrect, 8),
            "Your current password is incorrect."
        );
        assert_eq!(
            field(Field::NewPassword, FieldCode::TooLong, 8),
            "The password is too long."
        );
        assert_eq!(
            field(Field::Password, FieldCode::Required, 8),
            "Enter a password."
        );
    }
}
