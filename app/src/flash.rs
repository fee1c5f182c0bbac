//! What one request tells the next: the outcome of a form, in an encrypted cookie that is read once.
//!
//! Only closed codes and values that the visitor typed travel in it; never a password, code or token.

use serde::{Deserialize, Serialize};
use vestibule_core::{AuthError, ErrorCode, Field, FieldCode, FieldError};
use vestibule_web::{Problem, retry_after_seconds};

/// Longer values are not given back: browsers drop cookies of more than 4096 bytes, and no valid value is longer.
const MAX_VALUE_BYTES: usize = 400;

/// The box of the deletion page.
pub const CONFIRM: &str = "confirm";

/// Which form it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    SignIn,
    Register,
    /// The code of a verification mail.
    VerifyEmail,
    /// The link of a verification mail.
    ConfirmLink,
    ResendVerification,
    ForgotPassword,
    ResetPassword,
    ChangePassword,
    Sessions,
    Profile,
    ChangeEmail,
    ConfirmPassword,
    DeleteAccount,
    RevertEmail,
    RestoreAccount,
}

impl Form {
    /// The page that shows the form.
    pub fn page(self) -> &'static str {
        match self {
            Self::SignIn => "/login",
            Self::Register => "/register",
            Self::VerifyEmail | Self::ConfirmLink | Self::ResendVerification => "/verify-email",
            Self::ForgotPassword => "/forgot-password",
            Self::ResetPassword => "/reset-password",
            Self::ChangePassword => "/account/password",
            Self::Sessions => "/account/sessions",
            Self::Profile => "/account/profile",
            Self::ChangeEmail => "/account/email",
            Self::ConfirmPassword => "/account/confirm",
            Self::DeleteAccount => "/account/delete",
            Self::RevertEmail => "/revert-email",
            Self::RestoreAccount => "/restore-account",
        }
    }
}

/// Good news.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// A welcome mail with a code is on its way.
    Registered,
    /// A new verification mail is on its way, if the address wants one.
    VerificationSent,
    EmailVerified,
    /// A reset mail is on its way, if the address has an account.
    ResetSent,
    PasswordReset,
    PasswordChanged,
    SessionEnded,
    OtherSessionsEnded,
    SignedOut,
    /// The session ended before the form was sent.
    SignInAgain,
    ProfileUpdated,
    /// A mail to the new address is on its way.
    EmailChangeRequested,
    EmailChangeCancelled,
    EmailChanged {
        /// With a link that goes back.
        is_former_told: bool,
    },
    /// The address is the former one again.
    EmailReverted,
    /// The password was given again.
    PasswordConfirmed,
    /// The account goes at this time, in seconds since 1970.
    DeletionScheduled {
        at: i64,
    },
    /// The account stays.
    DeletionCancelled,
}

/// The outcome of a form, for the page that shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flash {
    /// The path of the page that it is for; other pages leave it alone.
    page: String,
    form: Option<Form>,
    code: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    fields: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    values: Vec<(String, String)>,
    retry_after: Option<u64>,
    notice: Option<Notice>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    was_shown: bool,
}

impl Flash {
    /// Good news for the page at this path.
    pub fn notice(page: &str, notice: Notice) -> Self {
        Self {
            page: page.to_owned(),
            notice: Some(notice),
            ..Self::default()
        }
    }

    /// What the core refused. This is the edge: what is not the visitor's doing is logged here.
    pub fn refused(form: Form, error: AuthError) -> Self {
        let faults = error
            .fields()
            .iter()
            .copied()
            .chain(fault_of_form(form, error.code()));
        let fields = faults
            .map(|error| (error.field.to_string(), error.code.to_string()))
            .collect();
        let retry_after = error.retry_after().map(retry_after_seconds);
        let code = Problem::from(error).code();
        Self {
            page: form.page().to_owned(),
            form: Some(form),
            code: Some(code.to_string()),
            fields,
            retry_after,
            ..Self::default()
        }
    }

    /// Keeps a value that was typed, to be shown again. Never a secret.
    #[must_use]
    pub fn keep(mut self, name: &str, value: &str) -> Self {
        if !value.is_empty() && value.len() <= MAX_VALUE_BYTES {
            self.values.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// The same without the values, for when they do not fit into a cookie.
    #[must_use]
    pub fn without_values(mut self) -> Self {
        self.values.clear();
        self
    }

    /// The same for another page.
    #[must_use]
    pub fn for_page(mut self, page: &str) -> Self {
        page.clone_into(&mut self.page);
        self
    }

    /// The same, marked as shown or as still to be shown.
    #[must_use]
    pub fn shown(mut self, was_shown: bool) -> Self {
        self.was_shown = was_shown;
        self
    }

    pub fn was_shown(&self) -> bool {
        self.was_shown
    }

    pub fn is_for(&self, page: &str) -> bool {
        self.page == page
    }

    /// Whether the page is to show it now.
    pub fn is_due_on(&self, page: &str) -> bool {
        !self.was_shown && self.is_for(page)
    }

    pub fn page(&self) -> &str {
        &self.page
    }

    pub fn form(&self) -> Option<Form> {
        self.form
    }

    pub fn news(&self) -> Option<Notice> {
        self.notice
    }

    /// The error, if it was one. An unknown code is read as a defect of ours.
    pub fn error(&self) -> Option<ErrorCode> {
        let code = self.code.as_deref()?;
        Some(ErrorCode::from_code(code).unwrap_or(ErrorCode::Internal))
    }

    /// Seconds to wait before trying again.
    pub fn retry_after(&self) -> Option<u64> {
        self.retry_after
    }

    pub fn tells_a_wait(&self) -> bool {
        self.retry_after.is_some()
    }

    /// Whether the box is at fault that the deletion page has; it is the page's own, and the core has no field for it.
    pub fn is_unticked(&self) -> bool {
        let is_about_fields =
            self.error() == Some(ErrorCode::ValidationFailed) || self.faults().next().is_some();
        self.form == Some(Form::DeleteAccount) && is_about_fields && self.value(CONFIRM).is_empty()
    }

    /// The fields at fault.
    pub fn faults(&self) -> impl Iterator<Item = FieldError> {
        self.fields.iter().filter_map(|(field, code)| {
            Some(FieldError {
                field: Field::from_code(field)?,
                code: FieldCode::from_code(code)?,
            })
        })
    }

    /// What is wrong with a field.
    pub fn fault(&self, field: Field) -> Option<FieldCode> {
        self.faults()
            .find(|error| error.field == field)
            .map(|error| error.code)
    }

    /// What was typed into a field.
    pub fn value(&self, name: &str) -> String {
        let found = self.values.iter().find(|(kept, _)| kept == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    }
}

/// The one field that an error of the whole form is about, where people can see which one it is.
fn fault_of_form(form: Form, code: ErrorCode) -> Option<FieldError> {
    let (field, code) = match (form, code) {
        (Form::Register, ErrorCode::EmailTaken) => (Field::Email, FieldCode::Taken),
        (Form::VerifyEmail, ErrorCode::InvalidToken) => (Field::Code, FieldCode::Incorrect),
        (
            Form::ChangePassword | Form::ChangeEmail | Form::ConfirmPassword | Form::DeleteAccount,
            ErrorCode::InvalidCredentials,
        ) => (Field::CurrentPassword, FieldCode::Incorrect),
        // The password that was given before the form was opened has become too old.
        (Form::ChangeEmail | Form::DeleteAccount, ErrorCode::ReauthenticationRequired) => {
            (Field::CurrentPassword, FieldCode::Required)
        }
        // Another browser than the one that registered.
        (Form::ConfirmLink, ErrorCode::InvalidCredentials) => {
            (Field::Password, FieldCode::Incorrect)
        }
        (Form::ConfirmLink | Form::VerifyEmail, ErrorCode::ReauthenticationRequired) => {
            (Field::Password, FieldCode::Required)
        }
        _ => return None,
    };
    Some(FieldError { field, code })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_refusal_carries_codes_and_typed_values() {
        let error = AuthError::ValidationFailed(vec![FieldError {
            field: Field::Email,
            code: FieldCode::InvalidEmail,
        }]);
        let flash = Flash::refused(Form::Register, error)
            .keep("email", "ann@")
            .keep("first_name", "");
        assert!(flash.is_for("/register") && !flash.is_for("/login"));
        assert_eq!(flash.error(), Some(ErrorCode::ValidationFailed));
        assert_eq!(flash.fault(Field::Email), Some(FieldCode::InvalidEmail));
        assert_eq!(flash.fault(Field::Password), None);
        assert_eq!(
            (
                flash.value("email").as_str(),
                flash.value("first_name").as_str()
            ),
            ("ann@", "")
        );
    }

    #[test]
    fn a_wait_is_rounded_up() {
        let error = AuthError::RateLimited {
            retry_after: Duration::from_millis(39_001),
        };
        let flash = Flash::refused(Form::SignIn, error);
        assert_eq!(flash.retry_after(), Some(40));
        assert!(flash.tells_a_wait());
    }

    #[test]
    fn it_is_due_on_its_page_and_once() {
        let flash = Flash::notice("/login", Notice::SignedOut);
        assert!(flash.is_due_on("/login") && !flash.is_due_on("/account"));
        assert!(!flash.tells_a_wait());
        assert!(!flash.shown(true).is_due_on("/login"));
    }

    #[test]
    fn a_missing_tick_is_told_beside_a_wrong_password() {
        let wrong = || Flash::refused(Form::DeleteAccount, AuthError::InvalidCredentials);
        assert!(wrong().is_unticked());
        assert!(!wrong().keep(CONFIRM, "on").is_unticked());
        let box_alone = AuthError::ValidationFailed(Vec::new());
        assert!(Flash::refused(Form::DeleteAccount, box_alone).is_unticked());
        let limited = AuthError::RateLimited {
            retry_after: Duration::from_secs(1),
        };
        let limited = Flash::refused(Form::DeleteAccount, limited);
        assert!(!limited.is_unticked(), "the wait comes first");
    }

    #[test]
    fn an_error_of_the_form_names_the_field_that_it_is_about() {
        let fault = |form, field| Flash::refused(form, AuthError::InvalidCredentials).fault(field);
        assert_eq!(
            fault(Form::ChangePassword, Field::CurrentPassword),
            Some(FieldCode::Incorrect)
        );
        assert_eq!(
            fault(Form::SignIn, Field::Password),
            None,
            "sign-in does not say which of the two was wrong"
        );
    }

    #[test]
    fn a_password_that_is_wanted_again_is_a_fault_of_its_field() {
        for form in [Form::ChangeEmail, Form::DeleteAccount] {
            let flash = Flash::refused(form, AuthError::ReauthenticationRequired);
            assert_eq!(
                flash.fault(Field::CurrentPassword),
                Some(FieldCode::Required)
            );
        }
        for form in [Form::ConfirmLink, Form::VerifyEmail] {
            let flash = Flash::refused(form, AuthError::ReauthenticationRequired);
            assert_eq!(flash.fault(Field::Password), Some(FieldCode::Required));
        }
    }

    #[test]
    fn what_is_too_long_for_a_cookie_is_not_kept() {
        let flash = Flash::notice("/login", Notice::SignedOut)
            .keep("email", &"a".repeat(MAX_VALUE_BYTES + 1));
        assert_eq!(flash.value("email"), "");
    }

    #[test]
    fn unknown_codes_are_no_text() {
        let flash = Flash {
            code: Some("attacker says hello".to_owned()),
            fields: vec![
                ("email".to_owned(), "nonsense".to_owned()),
                ("nonsense".to_owned(), "required".to_owned()),
            ],
            ..Flash::default()
        };
        assert_eq!(flash.error(), Some(ErrorCode::Internal));
        assert_eq!(flash.faults().count(), 0);
    }
}
