//! Accounts: registering, names, addresses, deletion, and what their owners read of them.

mod change_email;
mod delete;
mod export;
mod history;
mod mail_request;
mod profile;
mod register;
mod verify_email;

pub use change_email::{ChangeEmail, RevertLink};
pub use delete::RestoreLink;
pub use history::{SecurityEvent, SecurityEventFilter, SecurityEventPage};
pub(crate) use mail_request::{MailRequest, mailbox_of};
pub use profile::UpdateProfile;
pub use register::{Register, Registered};
pub use verify_email::{LinkState, Verified, VerifyEmail};
