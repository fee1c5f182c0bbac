//! Delivering what the outbox holds: at least once, one mail at a time, under a lease.

use std::time::Duration;

use metrics::counter;
use time::OffsetDateTime;
use tokio::time::Instant;
use tracing::field::Empty;
use uuid::Uuid;

use crate::kernel::core::Core;
use crate::kernel::errors::AuthError;
use crate::kernel::links::MAX_CODES_IN_A_ROW;
use crate::kernel::mail::{LeasedMail, MailKind, MailOutcome, OutgoingMail};
use crate::kernel::ports::{MailError, Mailer, StoreError};
use crate::kernel::trace::{TRACE_TARGET, fail_span};

/// A worker that dies holds its mail back for at most this long;
/// sending must have a shorter deadline.
pub const MAIL_LEASE: Duration = Duration::from_mins(2);
/// The first retry comes after about this time, and each later one after twice the time before.
const FIRST_RETRY: Duration = Duration::from_secs(5);
/// About 43 min from the first attempt to the last; then the mail is dead.
const MAX_ATTEMPTS: u32 = 10;
/// What is noted of a mail that may have arrived. It is tried once more and not until it is dead:
/// people would get it ten times.
const UNANSWERED: &str = "handed over, and no reply came";
/// While the server is out of reach, or takes no mail from the portal, a mail waits about this
/// long: not longer, because it has to go out soon after the server is back.
const UNREACHABLE_RETRY: Duration = Duration::from_secs(2);
/// A mail that was refused for a reason which is not its own waits
/// as long as it has waited before, and at most about this long.
const LONGEST_HELD_RETRY: Duration = Duration::from_mins(15);
/// So long a mail waits for the server at most; later it would report the day before yesterday.
const UNREACHABLE_LIFE: Duration = Duration::from_hours(24);

/// How long it is tried to note what became of a mail while the database is away: together with the
/// sending shorter than the lease, so that nobody else sends the mail meanwhile.
pub const NOTE_TIME: Duration = Duration::from_secs(45);
const NOTE_PAUSE: Duration = Duration::from_secs(1);

/// What became of a look into the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// No mail is due.
    NoneDue,
    /// A mail was sent, or refused.
    Done,
    /// There is no connection to the server; it makes no sense to try the next mail at once.
    Unreachable,
    /// The server takes no mail from the portal, and may block it for asking again soon.
    NotAccepting,
}

impl Core {
    /// Sends the mail that is next.
    ///
    /// # Errors
    /// Only those of the store. A mail that cannot be sent is no error:
    /// it is tried again, or dead after the last attempt.
    pub async fn deliver_next_mail(&self, mailer: &dyn Mailer) -> Result<Delivery, AuthError> {
        let now = self.clock.now();
        let lease = self.random.id(now);
        let Some(mail) = self
            .store
            .writer()
            .await?
            .claim_mail(lease, now + MAIL_LEASE, now)
            .await?
        else {
            return Ok(Delivery::NoneDue);
        };
        let sent = if self.has_expired(&mail, now) {
            Err(MailError::Permanent("its link has expired".into()))
        } else {
            send(mailer, &self.outgoing(&mail, now)).await
        };
        let delivery = match &sent {
            Err(MailError::Unreachable(_)) => Delivery::Unreachable,
            Err(MailError::NotAccepting(_)) => Delivery::NotAccepting,
            _ => Delivery::Done,
        };
        let outcome = match &sent {
            Ok(()) => {
                note_mail(mail.kind, "sent");
                MailOutcome::Sent(self.clock.now())
            }
            Err(error) => self.unsent(&mail, error),
        };
        if !self.note_outcome(mail.id, lease, &outcome).await? {
            tracing::warn!(mail = %mail.id, "the lease on a mail passed to another worker while it was being sent");
        }
        Ok(delivery)
    }

    /// `false` if the lease has passed to another worker. A mail that was sent and is not noted
    /// would be sent again, so a database that is away for a moment is waited for.
    async fn note_outcome(
        &self,
        id: Uuid,
        lease: Uuid,
        outcome: &MailOutcome,
    ) -> Result<bool, AuthError> {
        let until = Instant::now() + NOTE_TIME;
        loop {
            let noted = match self.store.writer().await {
                Ok(mut store) => store.note_mail(id, lease, outcome).await,
                Err(error) => Err(error),
            };
            match noted {
                Err(StoreError::Unavailable(_)) if Instant::now() < until => {
                    tokio::time::sleep(NOTE_PAUSE).await;
                }
                noted => return Ok(noted?),
            }
        }
    }

    /// What is kept of a mail that was not sent.
    fn unsent(&self, mail: &LeasedMail, error: &MailError) -> MailOutcome {
        let next = self.next_attempt(mail, error);
        let result = match (next, error) {
            (Some(_), MailError::Held(_) | MailError::NotAccepting(_)) => "held",
            (Some(_), _) => "retried",
            (None, _) if self.has_expired(mail, self.clock.now()) => "expired",
            (None, _) => "failed",
        };
        note_mail(mail.kind, result);
        tracing::warn!(mail = %mail.id, kind = %mail.kind, dead = next.is_none(), error = error as &dyn std::error::Error, "a mail was not sent");
        let reason = match (error, std::error::Error::source(error)) {
            (MailError::Unanswered(_), _) => UNANSWERED.to_owned(),
            (_, Some(source)) => source.to_string(),
            (_, None) => error.to_string(),
        };
        match (error, next) {
            (
                MailError::Unreachable(_)
                | MailError::NotAccepting(_)
                | MailError::Held(_)
                | MailError::Interrupted,
                Some(next),
            ) => MailOutcome::Postponed(next, reason),
            _ => MailOutcome::Failed(next, reason),
        }
    }

    fn next_attempt(&self, mail: &LeasedMail, error: &MailError) -> Option<OffsetDateTime> {
        let now = self.clock.now();
        let age = now - mail.created_at;
        let pause = match error {
            MailError::Permanent(_) => return None,
            MailError::Unreachable(_) | MailError::NotAccepting(_) | MailError::Held(_)
                if age >= UNREACHABLE_LIFE =>
            {
                return None;
            }
            MailError::Held(_) => {
                let age = age.unsigned_abs().clamp(FIRST_RETRY, LONGEST_HELD_RETRY);
                self.random.around(age)
            }
            MailError::Unreachable(_) | MailError::NotAccepting(_) | MailError::Interrupted => {
                self.random.around(UNREACHABLE_RETRY)
            }
            MailError::Unanswered(_) if mail.last_error.as_deref() == Some(UNANSWERED) => {
                return None;
            }
            MailError::Temporary(_) | MailError::Unanswered(_)
                if mail.attempts + 1 >= MAX_ATTEMPTS =>
            {
                return None;
            }
            MailError::Temporary(_) | MailError::Unanswered(_) => {
                self.random.around(FIRST_RETRY) * 2_u32.pow(mail.attempts)
            }
        };
        Some(now + pause)
    }

    /// Derives the token and code that the mail carries; they rest nowhere.
    fn outgoing(&self, mail: &LeasedMail, now: OffsetDateTime) -> OutgoingMail {
        let id = mail.token_id;
        // Without its token a page of links has nothing to do.
        let link = match (mail.kind.purpose(), id) {
            (Some(_), None) => None,
            (Some(purpose), Some(id)) => {
                let token = self.master.mailed_link_token(purpose, id);
                self.link(mail.kind.page(), Some(&token))
            }
            (None, _) => self.link(mail.kind.page(), None),
        };
        let carries_code = mail.kind.has_code()
            && now - mail.context.at < self.settings.lifetimes.verify_code
            && mail.code_entries < MAX_CODES_IN_A_ROW;
        let code = id.filter(|_| carries_code);
        let sessions = mail.kind.shows_sessions().then_some("/account/sessions");
        OutgoingMail {
            id: mail.id,
            kind: mail.kind,
            recipient: mail.recipient.clone(),
            first_name: mail.first_name.clone(),
            language: mail.language,
            context: mail.context.clone(),
            link,
            sessions_link: sessions.and_then(|path| self.link(path, None)),
            code: code.map(|id| self.master.one_time_code(id)),
            deadline: self.deadline(mail),
        }
    }

    fn link(&self, path: &str, token: Option<&str>) -> Option<String> {
        let mut url = self.settings.public_url.join(path).ok()?;
        if let Some(token) = token {
            url.query_pairs_mut().append_pair("token", token);
        }
        Some(url.to_string())
    }
}

/// In a trace of its own: the request that wanted the mail was answered long ago. Never to whom.
async fn send(mailer: &dyn Mailer, mail: &OutgoingMail) -> Result<(), MailError> {
    let span = tracing::info_span!(
        target: TRACE_TARGET,
        parent: None,
        "send mail",
        otel.kind = "client",
        otel.status_code = Empty,
        mail.kind = mail.kind.as_str(),
        error.type = Empty,
    );
    let sent = mailer.send(mail).await;
    if let Err(error) = &sent {
        fail_span(&span, error.kind());
    }
    sent
}

impl Core {
    /// Until when the token works that the mail carries.
    fn deadline(&self, mail: &LeasedMail) -> Option<OffsetDateTime> {
        let purpose = mail.kind.purpose().filter(|_| mail.token_id.is_some());
        purpose.map(|purpose| mail.context.at + self.settings.lifetimes.link(purpose))
    }

    /// A mail that comes after its link has expired helps nobody.
    fn has_expired(&self, mail: &LeasedMail, now: OffsetDateTime) -> bool {
        self.deadline(mail).is_some_and(|deadline| now >= deadline)
    }
}

fn note_mail(kind: MailKind, result: &'static str) {
    counter!("vestibule_mails_total", "kind" => kind.as_str(), "result" => result).increment(1);
}
