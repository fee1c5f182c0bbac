use async_trait::async_trait;

use crate::error::BoxError;
use crate::mail::OutgoingMail;

/// Renders a mail and hands it to the next hop.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// # Errors
    /// Whether it makes sense to try again; see [`MailError`].
    async fn send(&self, mail: &OutgoingMail) -> Result<(), MailError>;
}

/// Why a mail did not go out.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// There was no connection to the server: no mail of any kind goes out, and nothing was said of this one.
    #[error("the mail server is out of reach")]
    Unreachable(#[source] BoxError),
    /// Busy, a 4xx reply, or an end in the middle: later may work.
    #[error("the mail could not be sent now")]
    Temporary(#[source] BoxError),
    /// A 5xx reply or an address that cannot be: trying again is useless.
    #[error("the mail was refused for good")]
    Permanent(#[source] BoxError),
}
