//! What one request hands to the next: the outcome of a form,
//! in an encrypted cookie that is read once.
//!
//! Only closed codes, addresses and values that the visitor
//! typed travel in it; never a password, code or token.

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use vestibule_core::model::{User, display_email};
use vestibule_core::{AuthError, ErrorCode, Field, FieldCode, FieldError};
use vestibule_web::{Problem, retry_after_seconds};

use super::Form;

/// Longer values are not given back: browsers drop cookies
/// of more than 4096 bytes, and no valid value is longer.
const MAX_VALUE_BYTES: usize = 400;

/// The box of the deletion page.
pub const CONFIRM: &str = "confirm";

/// Who was signed in when a form of another account was refused.
pub const SIGNED_IN_AS: &str = "signed_in_as";

/// A success that the next page shows.
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
        is_former_notified: bool,
    },
    /// The address is the former one again.
    EmailReverted,
    /// The password was given again.
    Reauthenticated,
    /// The account goes at this time, in seconds since 1970.
    DeletionScheduled {
        at: i64,
    },
    /// The account stays.
    DeletionCancelled,
}

/// What the pages refuse by themselves; the core knows nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PageError {
    /// The form was made for another account than the one that is signed in now.
    OtherAccount,
    /// The browser keeps no cookies.
    NoCookies,
}

/// An account that a notice is about, by its address at the time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    pub id: Uuid,
    pub email: String,
}

/// The outcome of a form, for the page that shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Flash {
    /// The page that it is for; other pages leave it alone.
    page: String,
    /// The account whose page it is for.
    account: Option<Uuid>,
    /// The account that the notice is about.
    pub about: Option<About>,
    pub page_error: Option<PageError>,
    pub form: Option<Form>,
    code: Option<String>,
    fields: Vec<(String, String)>,
    values: Vec<(String, String)>,
    /// Seconds to wait before trying again.
    pub retry_after: Option<u64>,
    pub notice: Option<Notice>,
    pub was_shown: bool,
}

impl Flash {
    pub fn notice(notice: Notice) -> Self {
        Self {
            notice: Some(notice),
            ..Self::default()
        }
    }

    /// What the pages refuse by themselves.
    pub fn page_refused(page_error: PageError) -> Self {
        Self {
            code: Some(ErrorCode::Forbidden.to_string()),
            page_error: Some(page_error),
            ..Self::default()
        }
    }

    /// A form was made for another account than this one, which is signed in now.
    pub fn other_account(now: &User) -> Self {
        Self::page_refused(PageError::OtherAccount)
            .of(now.id)
            .keep(SIGNED_IN_AS, &display_email(&now.email))
    }

    /// What the core refused. This is the edge: what is not the visitor's doing is logged here.
    pub fn refused(form: Form, error: AuthError) -> Self {
        let errors = error
            .fields()
            .iter()
            .copied()
            .chain(error_of_form(form, error.code()));
        let fields = errors
            .map(|error| (error.field.to_string(), error.code.to_string()))
            .collect();
        let retry_after = error.retry_after().map(retry_after_seconds);
        let code = Problem::from(error).code();
        Self {
            form: Some(form),
            code: Some(code.to_string()),
            fields,
            retry_after,
            ..Self::default()
        }
    }

    /// Keeps a value that was typed, to be shown again. Never a secret.
    pub fn keep(mut self, name: &str, value: &str) -> Self {
        if !value.is_empty() && value.len() <= MAX_VALUE_BYTES {
            self.values.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// The same without the values, for when they do not fit into a cookie.
    pub fn without_values(mut self) -> Self {
        self.values.clear();
        self
    }

    /// The same for another page.
    pub fn for_page(mut self, page: &str) -> Self {
        page.clone_into(&mut self.page);
        self
    }

    /// The same for the pages of this account alone.
    pub fn of(mut self, account: Uuid) -> Self {
        self.account = Some(account);
        self
    }

    pub fn is_for(&self, page: &str) -> bool {
        self.page == page
    }

    /// Whether the page is to show it now.
    pub fn is_due_on(&self, page: &str) -> bool {
        !self.was_shown && self.is_for(page)
    }

    /// Whether the page of this account, or of nobody, may show it.
    pub fn is_of(&self, account: Option<Uuid>) -> bool {
        self.account.is_none() || self.account == account
    }

    /// The account that the notice is about, unless the page is that one's.
    pub fn about_other_than(&self, account: Option<Uuid>) -> Option<&str> {
        let about = self.about.as_ref()?;
        (Some(about.id) != account).then_some(about.email.as_str())
    }

    /// The same without what went wrong.
    pub fn without_errors(&self) -> Self {
        Self {
            page_error: None,
            code: None,
            fields: Vec::new(),
            ..self.clone()
        }
    }

    /// The error, if it was one. An unknown code is read as a defect of the portal.
    pub fn error(&self) -> Option<ErrorCode> {
        let code = self.code.as_deref()?;
        Some(ErrorCode::from_code(code).unwrap_or(ErrorCode::Internal))
    }

    /// Whether the box of the deletion page is unticked;
    /// it is the page's own, and the core has no field for it.
    pub fn is_unticked(&self) -> bool {
        let is_about_fields = self.error() == Some(ErrorCode::ValidationFailed)
            || self.field_errors().next().is_some();
        self.form == Some(Form::DeleteAccount) && is_about_fields && self.value(CONFIRM).is_empty()
    }

    /// The invalid fields.
    pub fn field_errors(&self) -> impl Iterator<Item = FieldError> {
        self.fields.iter().filter_map(|(field, code)| {
            Some(FieldError {
                field: Field::from_code(field)?,
                code: FieldCode::from_code(code)?,
            })
        })
    }

    /// What is wrong with a field.
    pub fn field_error(&self, field: Field) -> Option<FieldCode> {
        self.field_errors()
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
fn error_of_form(form: Form, code: ErrorCode) -> Option<FieldError> {
    let (field, code) = match (form, code) {
        (Form::Register, ErrorCode::EmailTaken) => (Field::Email, FieldCode::Taken),
        (Form::VerifyEmail, ErrorCode::InvalidToken) => (Field::Code, FieldCode::Incorrect),
        (
            Form::ChangePassword | Form::ChangeEmail | Form::Reauthenticate | Form::DeleteAccount,
            ErrorCode::InvalidCredentials,
        ) => (Field::CurrentPassword, FieldCode::Incorrect),
        // The password that was given before the form was opened has become too old.
        (Form::ChangeEmail | Form::DeleteAccount, ErrorCode::ReauthenticationRequired) => {
            (Field::CurrentPassword, FieldCode::Required)
        }
        // Another browser than the one that registered.
        (Form::VerifyLink, ErrorCode::InvalidCredentials) => {
            (Field::Password, FieldCode::Incorrect)
        }
        (Form::VerifyLink | Form::VerifyEmail, ErrorCode::ReauthenticationRequired) => {
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
            .for_page("/register")
            .keep("email", "ann@")
            .keep("first_name", "");
        assert!(flash.is_for("/register") && !flash.is_for("/login"));
        assert_eq!(flash.error(), Some(ErrorCode::ValidationFailed));
        assert_eq!(
            flash.field_error(Field::Email),
            Some(FieldCode::InvalidEmail)
        );
        assert_eq!(flash.field_error(Field::Password), None);
        assert_eq!(
            (
                flash.value("email").as_str(),
                flash.value("first_name").as_str()
            ),
            ("ann@", "")
        );
    }

    #[test]
    fn the_notice_stays_when_errors_are_removed() {
        let refused = Flash::refused(Form::VerifyLink, AuthError::InvalidToken);
        assert_eq!(refused.without_errors().error(), None);
        let page_error = Flash::page_refused(PageError::NoCookies).without_errors();
        assert_eq!((page_error.error(), page_error.page_error), (None, None));
        let notice = Flash::notice(Notice::EmailVerified).for_page("/verify-email");
        assert_eq!(notice.without_errors(), notice);
    }

    #[test]
    fn it_is_due_on_its_page_and_once() {
        let mut flash = Flash::notice(Notice::SignedOut).for_page("/login");
        assert!(flash.is_due_on("/login") && !flash.is_due_on("/account"));
        flash.was_shown = true;
        assert!(!flash.is_due_on("/login"));
    }

    #[test]
    fn a_missing_tick_is_reported_beside_a_wrong_password() {
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
        let wrong = || AuthError::InvalidCredentials;
        let again = || AuthError::ReauthenticationRequired;
        let (incorrect, required) = (Some(FieldCode::Incorrect), Some(FieldCode::Required));
        let (current, password) = (Field::CurrentPassword, Field::Password);
        for (form, error, field, expected) in [
            (Form::ChangePassword, wrong(), current, incorrect),
            // It does not say which of the two was wrong.
            (Form::SignIn, wrong(), password, None),
            (Form::ChangeEmail, again(), current, required),
            (Form::DeleteAccount, again(), current, required),
            (Form::VerifyLink, again(), password, required),
            (Form::VerifyEmail, again(), password, required),
        ] {
            let flash = Flash::refused(form, error);
            assert_eq!(flash.field_error(field), expected, "{form:?}");
        }
    }

    #[test]
    fn what_is_too_long_for_a_cookie_is_not_kept() {
        let flash =
            Flash::notice(Notice::SignedOut).keep("email", &"a".repeat(MAX_VALUE_BYTES + 1));
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
        assert_eq!(flash.field_errors().count(), 0);
    }
}
