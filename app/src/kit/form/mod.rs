//! A form, from the request that sends it to the page that shows how it ended.

mod flash;
mod submit;

pub use flash::{CONFIRM, Flash, Notice, PageError, SIGNED_IN_AS};
pub use submit::{Done, Refusal, sent, signed_in_as_on_the_page};

use serde::{Deserialize, Serialize};
use vestibule_core::model::Purpose;

/// Which form it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    SignIn,
    Register,
    /// The code of a verification mail.
    VerifyEmail,
    /// The link of a verification mail.
    VerifyLink,
    ResendVerification,
    /// The same from the page of a link that no longer works.
    ResendByLink,
    ForgotPassword,
    ResetPassword,
    ChangePassword,
    Sessions,
    Profile,
    ChangeEmail,
    Reauthenticate,
    DeleteAccount,
    /// What an app that sent the visitor here wants to know.
    Flow,
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
            | Self::VerifyLink
            | Self::ResendVerification
            | Self::ResendByLink => "/verify-email",
            Self::ForgotPassword => "/forgot-password",
            Self::ResetPassword => "/reset-password",
            Self::ChangePassword => "/account/password",
            Self::Sessions => "/account/sessions",
            Self::Profile => "/account/profile",
            Self::ChangeEmail => "/account/email",
            Self::Reauthenticate => "/account/confirm",
            Self::DeleteAccount => "/account/delete",
            Self::Flow => "/oauth2/resume",
            Self::MailedLink(purpose) => purpose.page(),
        }
    }

    /// Whether it stands on the page of a mailed link.
    pub fn is_of_a_link(self) -> bool {
        matches!(
            self,
            Self::VerifyLink | Self::ResendByLink | Self::ResetPassword | Self::MailedLink(_)
        )
    }
}
