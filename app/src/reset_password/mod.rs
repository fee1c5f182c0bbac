//! Getting back in when the password is forgotten: asking for a mail,
//! and setting a new password with its link.

mod actions;
mod page;

pub use page::{ForgotPasswordPage, ResetPasswordPage};
