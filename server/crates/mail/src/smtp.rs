use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Tokio1Executor, transport::smtp::AsyncSmtpTransportBuilder,
};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::{Instant, timeout};
use vestibule_core::{
    mail::OutgoingMail,
    ports::{MailError, Mailer},
};

use crate::{InvalidSmtpUrl, MailSettings, message::message, validate_url};

/// For the TCP connection alone.
const CONNECT_DEADLINE: Duration = Duration::from_secs(20);
/// For one mail from connecting to the last reply. An outbox lease must be longer than this.
const SEND_DEADLINE: Duration = Duration::from_mins(1);

/// A connection that was silent for longer is not used again: a firewall on the way may have forgotten it, and then no reply
/// would come until the deadline. Mails in a row share one.
const MAX_SILENCE: Duration = Duration::from_secs(2);

/// Replies about us and not about the mail (RFC 4954, section 6): authentication needed, too weak or refused.
/// With the setting mended the mail will go out, so it must not be given up.
const AUTHENTICATION_REPLIES: [u16; 4] = [530, 534, 535, 538];

type Transport = AsyncSmtpTransport<Tokio1Executor>;

/// Sends mail to an SMTP server, over connections that it keeps.
pub struct SmtpMailer {
    settings: MailSettings,
    builder: AsyncSmtpTransportBuilder,
    kept: Mutex<Option<Kept>>,
    send_deadline: Duration,
}

impl SmtpMailer {
    /// Longest time that [`Mailer::send`] takes.
    pub const DEADLINE: Duration = SEND_DEADLINE;

    /// The URL as [`validate_url`] describes it. Nothing is connected yet.
    ///
    /// # Errors
    /// What is wrong with the URL. Whether it is safe for production is asked of [`validate_url`].
    pub fn new(url: &SecretString, settings: MailSettings) -> Result<Self, InvalidSmtpUrl> {
        validate_url(url.expose_secret(), false)?;
        let builder = Transport::from_url(url.expose_secret())
            .map_err(|_| InvalidSmtpUrl::Malformed)?
            .timeout(Some(CONNECT_DEADLINE));
        Ok(Self {
            settings,
            builder,
            kept: Mutex::new(None),
            send_deadline: SEND_DEADLINE,
        })
    }

    fn transport(&self) -> Transport {
        let mut kept = self.kept();
        if let Some(kept) = &*kept
            && kept.heard_at.elapsed() <= MAX_SILENCE
        {
            return kept.transport.clone();
        }
        let transport: Transport = self.builder.clone().build();
        *kept = Some(Kept {
            transport: transport.clone(),
            heard_at: Instant::now(),
        });
        transport
    }

    fn heard(&self) {
        if let Some(kept) = &mut *self.kept() {
            kept.heard_at = Instant::now();
        }
    }

    fn kept(&self) -> MutexGuard<'_, Option<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Connections to the server, and when it was last heard on one.
struct Kept {
    transport: Transport,
    heard_at: Instant,
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, mail: &OutgoingMail) -> Result<(), MailError> {
        let message = message(mail, &self.settings)?;
        let transport = self.transport();
        let dialogue = Dialogue {
            mailer: self,
            is_over: false,
        };
        let reply = timeout(self.send_deadline, transport.send(message)).await;
        match reply {
            Ok(reply) => {
                dialogue.over();
                reply.map_err(|error| classify(&error))?;
                self.heard();
                Ok(())
            }
            Err(elapsed) => Err(MailError::Temporary(elapsed.into())),
        }
    }
}

/// Watches over one mail's dialogue with the server.
///
/// lettre puts a connection back into its pool even if the dialogue was dropped half-way (a deadline, a worker that
/// stops); the next mail would then take the late replies of this one for its own. So a dialogue that was not over
/// takes the whole pool with it.
struct Dialogue<'a> {
    mailer: &'a SmtpMailer,
    is_over: bool,
}

impl Dialogue<'_> {
    fn over(mut self) {
        self.is_over = true;
    }
}

impl Drop for Dialogue<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            *self.mailer.kept() = None;
        }
    }
}

fn classify(error: &lettre::transport::smtp::Error) -> MailError {
    let status = error.status().map(u16::from);
    // The library tells the kind by nothing else. Such an error comes before anything is said of a mail.
    let is_unreachable = error.to_string().starts_with("Connection error");
    let source = Refused(without_addresses(&error.to_string())).into();
    if error.is_permanent()
        && !status.is_some_and(|status| AUTHENTICATION_REPLIES.contains(&status))
    {
        MailError::Permanent(source)
    } else if is_unreachable {
        MailError::Unreachable(source)
    } else {
        MailError::Temporary(source)
    }
}

/// The server's reply, or what went wrong on the way to it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Refused(String);

/// Servers like to quote the recipient in their replies, and this text is logged.
fn without_addresses(text: &str) -> String {
    let words = text.split_whitespace().map(|word| {
        if word.contains('@') {
            "(address)"
        } else {
            word
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
