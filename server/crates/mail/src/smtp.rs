use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use lettre::{
    Message,
    address::Envelope,
    transport::smtp::{
        Error,
        client::AsyncSmtpConnection,
        commands::{Data, Mail, Rcpt},
        extension::{Extension, MailBodyParameter, MailParameter},
    },
};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use url::Url;
use vestibule_core::{
    lock,
    mail::OutgoingMail,
    ports::{MailError, Mailer},
};

use crate::{
    InvalidSmtpUrl, MailSettings,
    message::{Bits, message},
};

mod refusal;
mod server;

use refusal::{Refused, Stage, classify};
use server::SmtpServer;

/// From looking the name up to the last reply that comes before a mail.
const CONNECT_DEADLINE: Duration = Duration::from_secs(15);
/// From the first word about a mail to the last reply.
const SEND_DEADLINE: Duration = Duration::from_secs(45);
/// For QUIT, which no request waits for.
const QUIT_DEADLINE: Duration = Duration::from_secs(5);

/// A connection that was silent for longer is not used again: a firewall on the way may have
/// forgotten it, and then no reply would come until the deadline. Mails in a row share one.
const MAX_SILENCE: Duration = Duration::from_secs(2);

/// Sends mail to an SMTP server, over connections that it keeps for a moment.
pub struct SmtpMailer {
    settings: MailSettings,
    server: SmtpServer,
    idle: Arc<Mutex<Option<Idle>>>,
    connect_deadline: Duration,
    send_deadline: Duration,
    stop: CancellationToken,
}

/// A connection that no mail uses.
struct Idle {
    connection: AsyncSmtpConnection,
    since: Instant,
}

impl SmtpMailer {
    /// Longest time that [`Mailer::send`] takes.
    pub const DEADLINE: Duration = CONNECT_DEADLINE.saturating_add(SEND_DEADLINE);

    /// The URL as [`validate_url`](crate::validate_url) describes it. Nothing is connected yet.
    ///
    /// # Errors
    /// What is wrong with the URL. Whether it is safe for production is asked of
    /// [`validate_url`](crate::validate_url).
    pub fn new(url: &SecretString, settings: MailSettings) -> Result<Self, InvalidSmtpUrl> {
        Ok(Self {
            settings,
            server: SmtpServer::from_url(url.expose_secret())?,
            idle: Arc::default(),
            connect_deadline: CONNECT_DEADLINE,
            send_deadline: SEND_DEADLINE,
            stop: CancellationToken::new(),
        })
    }

    /// The same, that says the host of the portal's URL for its own name,
    /// unless the URL of the server gives another one.
    #[must_use]
    pub fn calling_itself(mut self, public_url: &Url) -> Self {
        self.server.call_itself(public_url);
        self
    }

    /// One that is still good, or a new one. Nothing is said
    /// of a mail meanwhile, so no failure is the mail's.
    async fn connection(&self) -> Result<AsyncSmtpConnection, MailError> {
        let connected = timeout(self.connect_deadline, async {
            let idle = lock(&self.idle).take();
            if let Some(mut idle) = idle.filter(|idle| idle.since.elapsed() <= MAX_SILENCE)
                && idle.connection.test_connected().await
            {
                return Ok(idle.connection);
            }
            self.server.connect().await
        });
        match connected.await {
            Ok(Ok(connection)) => Ok(connection),
            // It refuses the connection for good, not only at the moment,
            // or offers nothing that this client could go on with.
            Ok(Err(error)) if error.is_permanent() || error.is_client() => {
                Err(MailError::NotAccepting(Refused::from(&error).into()))
            }
            Ok(Err(error)) => Err(MailError::Unreachable(Refused::from(&error).into())),
            Err(elapsed) => Err(MailError::Unreachable(elapsed.into())),
        }
    }

    /// Goes as far as the server's invitation to send the mail itself; with the text that the
    /// server can take, and the time by which it has to be sent.
    async fn begin(
        &self,
        mail: &OutgoingMail,
        mut text: Message,
    ) -> Result<(AsyncSmtpConnection, Message, Instant), MailError> {
        let mut connection = self.connection().await?;
        let takes_eight_bits = connection
            .server_info()
            .supports_feature(Extension::EightBitMime);
        if !takes_eight_bits {
            text = message(mail, &self.settings, Bits::Seven)?;
        }
        let deadline = Instant::now() + self.send_deadline;
        let announced = announce(&mut connection, text.envelope(), takes_eight_bits);
        match timeout_at(deadline, announced).await {
            Ok(Ok(())) => Ok((connection, text, deadline)),
            Ok(Err((stage, error))) => Err(end(connection, classify(stage, &error))),
            Err(elapsed) => Err(MailError::Temporary(elapsed.into())),
        }
    }

    /// For a mail that comes soon.
    fn keep(&self, connection: AsyncSmtpConnection) {
        *lock(&self.idle) = Some(Idle {
            connection,
            since: Instant::now(),
        });
        let idle = Arc::clone(&self.idle);
        tokio::spawn(async move {
            sleep(MAX_SILENCE).await;
            let silent = lock(&idle).take_if(|idle| idle.since.elapsed() >= MAX_SILENCE);
            if let Some(silent) = silent {
                quit(silent.connection).await;
            }
        });
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, mail: &OutgoingMail) -> Result<(), MailError> {
        let text = message(mail, &self.settings, Bits::Eight)?;
        // Given up half-way it goes with this future: the next
        // mail would take late replies to this one for its own.
        let begun = self.stop.run_until_cancelled(self.begin(mail, text)).await;
        let (mut connection, text, deadline) = begun.unwrap_or(Err(MailError::Interrupted))?;
        match hand_over(&mut connection, &text, deadline).await {
            Ok(()) => {
                self.keep(connection);
                Ok(())
            }
            Err(error) => Err(end(connection, error)),
        }
    }

    fn interrupt(&self) {
        self.stop.cancel();
    }
}

async fn quit(mut connection: AsyncSmtpConnection) {
    let _ = timeout(QUIT_DEADLINE, connection.quit()).await;
}

/// After a refusal there is time for QUIT; after any other error the connection is of no use.
fn end(connection: AsyncSmtpConnection, error: MailError) -> MailError {
    if matches!(
        error,
        MailError::Permanent(_) | MailError::NotAccepting(_) | MailError::Held(_)
    ) {
        tokio::spawn(quit(connection));
    }
    error
}

async fn hand_over(
    connection: &mut AsyncSmtpConnection,
    message: &Message,
    deadline: Instant,
) -> Result<(), MailError> {
    match timeout_at(deadline, connection.message(&message.formatted())).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) if error.status().is_some() => Err(classify(Stage::Message, &error)),
        Ok(Err(error)) => Err(MailError::Unanswered(Refused::from(&error).into())),
        Err(elapsed) => Err(MailError::Unanswered(elapsed.into())),
    }
}

/// Says from whom and to whom. Not by the library's own function for a whole mail: that one waits
/// for the reply to QUIT when the mail has been refused, and
/// does not say whether the mail itself was handed over.
async fn announce(
    connection: &mut AsyncSmtpConnection,
    envelope: &Envelope,
    takes_eight_bits: bool,
) -> Result<(), (Stage, Error)> {
    let at = |stage| move |error| (stage, error);
    let mut parameters = Vec::new();
    if takes_eight_bits {
        parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    // A server that does not know it refuses it (RFC 6531, section 3.4).
    let mut addresses = envelope.to().iter().chain(envelope.from());
    if addresses.any(|address| !AsRef::<str>::as_ref(address).is_ascii()) {
        parameters.push(MailParameter::SmtpUtfEight);
    }
    connection
        .command(Mail::new(envelope.from().cloned(), parameters))
        .await
        .map_err(at(Stage::Sender))?;
    for recipient in envelope.to() {
        connection
            .command(Rcpt::new(recipient.clone(), Vec::new()))
            .await
            .map_err(at(Stage::Recipient))?;
    }
    let invited = connection.command(Data).await;
    invited.map(drop).map_err(at(Stage::Data))
}

#[cfg(test)]
mod tests;
