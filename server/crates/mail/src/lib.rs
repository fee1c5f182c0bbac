//! Mails in words, and the ways that they go out.
//!
//! [`render`] puts an [`OutgoingMail`](vestibule_core::mail::OutgoingMail) into a subject, a plain text and an HTML page.
//! [`SmtpMailer`] sends it, [`MailboxMailer`] keeps it in a folder for development, [`MemoryMailer`] keeps it for tests;
//! all three are the core's [`Mailer`](vestibule_core::ports::Mailer) port.

mod mailbox;
mod mails;
mod memory;
mod message;
mod render;
mod settings;
mod smtp;
mod smtp_url;

pub use mailbox::{Mailbox, MailboxMailer, StoredMail};
pub use mails::{
    AlreadyRegistered, Common, PasswordChanged, ResetPassword, SessionEnded, VerifyEmail, Welcome,
};
pub use memory::{MemoryMailer, SentMail};
pub use render::{RenderError, RenderedMail, render, samples};
pub use settings::{InvalidMailSettings, MailSettings};
pub use smtp::SmtpMailer;
pub use smtp_url::{InvalidSmtpUrl, validate_url};
