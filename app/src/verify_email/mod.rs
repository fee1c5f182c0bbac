//! Confirming an email address, by the mailed link or by the code from the same mail.

mod actions;
mod page;

pub use page::VerifyEmailPage;
