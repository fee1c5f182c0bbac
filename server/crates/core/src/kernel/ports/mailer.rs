use async_trait::async_trait;

use super::BoxError;
use crate::kernel::mail::OutgoingMail;

/// Renders a mail and hands it to the next hop.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// # Errors
    /// Whether it makes sense to try again; see [`MailError`].
    async fn send(&self, mail: &OutgoingMail) -> Result<(), MailError>;

    /// The process stops: mails that were not handed over yet are
    /// [`Interrupted`](MailError::Interrupted), from now on.
    /// Those that were have the server's reply to come.
    fn interrupt(&self) {}
}

/// Why a mail did not go out.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// There was no connection to the server: nothing was said of this mail.
    #[error("the mail server is out of reach")]
    Unreachable(#[source] BoxError),
    /// The server is there and takes no mail from the portal at all, because of a wrong password
    /// for example: nothing was said of this one.
    #[error("the mail server takes no mail from this client: docs/operations/mail.md")]
    NotAccepting(#[source] BoxError),
    /// The server refused this mail for a reason that is none of the mail's own: what the client
    /// calls itself, the sender, a policy, a quota. An operator can fix that; other mails may pass.
    #[error(
        "the mail server refused the mail for another reason than the mail: docs/operations/mail.md"
    )]
    Held(#[source] BoxError),
    /// Sending was given up because the process stops.
    #[error("the process stops")]
    Interrupted,
    /// All of the mail was handed over, and no reply came: it may well have arrived.
    #[error("the mail server did not say whether it took the mail")]
    Unanswered(#[source] BoxError),
    /// The mailbox is busy, or the dialogue ended in the middle: later may work.
    #[error("the mail could not be sent now")]
    Temporary(#[source] BoxError),
    /// There is no such mailbox, or the server does not want this message: trying again is useless.
    #[error("the mail was refused for good")]
    Permanent(#[source] BoxError),
}

impl MailError {
    /// One word for it, as OpenTelemetry's `error.type`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "unreachable",
            Self::NotAccepting(_) => "not_accepting",
            Self::Held(_) => "held",
            Self::Interrupted => "interrupted",
            Self::Unanswered(_) => "unanswered",
            Self::Temporary(_) => "temporary",
            Self::Permanent(_) => "permanent",
        }
    }
}
