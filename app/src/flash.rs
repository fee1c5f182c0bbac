//! What one request hands to the next: the outcome of a form,
//! in an encrypted cookie that is read once.
//!
//! Only closed codes, addresses and values that the visitor
//! typed travel in it; never a password, code or token.

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use vestibule_core::model::{Purpose, User, display_email};
use vestibule_core::{AuthError, ErrorCode, Field, FieldCode, FieldError};
use vestibule_web::{Problem, retry_after_seconds};

/// Longer values are not given back: browsers drop cookies
/// of more than 4096 bytes, and no valid value is longer.
const MAX_VALUE_BYTES: usize = 400;

/// The box of the deletion page.
pub const CONFIRM: &str = "confirm";

/// Who was signed in when a form of another account was refused.
pub const SIGNED_IN_AS: &str = "signed_in_as";

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
    /// The same from the page of a link that no longer works.
    ResendByLink,
    ForgotPassword,
    ResetPassword,
    ChangePassword,
    Sessions,
    Profile,
    ChangeEmail,
    ConfirmPassword,
    DeleteAccount,
    /// The one button on the page of a mailed link.
    MailedLink(Purpose),
}

impl Form {
    /// The page that shows the form.
    pub fn page(self) -> &'static str {
        match self {
            Self::SignIn => "/login",
            Self::Register => "/register",
            Self::VerifyEmail
            | Self::ConfirmLink
            | Self::ResendVerification
            | Self::ResendByLink => "/verify-email",
            Self::ForgotPassword => "/forgot-password",
            Self::ResetPassword => "/reset-password",
            Self::ChangePassword => "/account/password",
            Self::Sessions => "/account/sessions",
            Self::Profile => "/account/profile",
            Self::ChangeEmail => "/account/email",
            Self::ConfirmPassword => "/account/confirm",
            Self::DeleteAccount => "/account/delete",
            Self::MailedLink(purpose) => purpose.page(),
        }
    }

    /// Whether it stands on the page of a mailed link.
    pub fn is_of_a_link(self) -> bool {
        matches!(
            self,
            Self::ConfirmLink | Self::ResendByLink | Self::ResetPassword | Self::MailedLink(_)
        )
    }
}

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
    PasswordConfirmed,
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
pub struct Flash {
    /// The page that it is for; other pages leave it alone.
    page: String,
    /// The account whose page it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account: Option<Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    about: Option<About>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    page_error: Option<PageError>,
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
    /// A success that the next page shows.
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

    /// The same for the pages of this account alone.
    #[must_use]
    pub fn of(mut self, account: Uuid) -> Self {
        self.account = Some(account);
        self
    }

    /// The same, which also says what account the notice is about.
    #[must_use]
    pub fn about(mut self, about: Option<About>) -> Self {
        self.about = about;
        self
    }

    /// The same as the outcome of this form.
    #[must_use]
    pub fn of_form(mut self, form: Form) -> Self {
        self.form = Some(form);
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

    /// Whether the page of this account, or of nobody, may show it.
    pub fn is_of(&self, account: Option<Uuid>) -> bool {
        self.account.is_none() || self.account == account
    }

    /// The account that the notice is about, unless the page is that one's.
    pub fn about_other_than(&self, account: Option<Uuid>) -> Option<&str> {
        let about = self.about.as_ref()?;
        (Some(about.id) != account).then_some(about.email.as_str())
    }

    pub fn page_error(&self) -> Option<PageError> {
        self.page_error
    }

    pub fn form(&self) -> Option<Form> {
        self.form
    }

    pub fn shown_notice(&self) -> Option<Notice> {
        self.notice
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

    /// Seconds to wait before trying again.
    pub fn retry_after(&self) -> Option<u64> {
        self.retry_after
    }

    pub fn has_wait(&self) -> bool {
        self.retry_after.is_some()
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
mod tests;
