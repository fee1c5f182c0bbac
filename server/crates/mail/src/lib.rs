//! Mails in words, and the ways that they go out.
//!
//! [`render`] puts an [`OutgoingMail`](vestibule_core::mail::OutgoingMail) into a subject, a plain
//! text and an HTML page, in the language of its reader: the words are those of `vestibule-i18n`,
//! and text and HTML are made of the same ones. [`SmtpMailer`] sends it, [`MailboxMailer`] keeps it
//! in a folder for development, [`MemoryMailer`] keeps it for tests; all three are the core's
//! [`Mailer`](vestibule_core::ports::Mailer) port.

mod content;
mod contents;
mod error;
mod facts;
mod logo;
mod mailbox;
mod memory;
mod message;
mod render;
mod samples;
mod settings;
mod smtp;
mod smtp_url;

pub use error::RenderError;
pub use logo::MailLogo;
pub use mailbox::{Mailbox, MailboxMailer, StoredMail};
pub use memory::{MemoryMailer, SentMail};
pub use render::{RenderedMail, render, standalone_html};
pub use samples::samples;
pub use settings::{InvalidMailSettings, MailColours, MailSettings};
pub use smtp::SmtpMailer;
pub use smtp_url::{InvalidSmtpUrl, is_smtp_in_clear, validate_url};
