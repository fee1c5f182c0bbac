//! Sends the mails of the outbox.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use vestibule_core::ports::Mailer;
use vestibule_core::{Auth, Delivery, MAIL_LEASE, NOTE_TIME};
use vestibule_mail::SmtpMailer;

/// How often the outbox is looked at when there was nothing in it.
const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// How long a mail keeps the next one waiting. A server that is slow with one, or never answers it,
/// may be quick with others; the deadline of each bounds how many are on their way.
const HEAD_START: Duration = Duration::from_secs(5);
/// The longest pause before the mail server is tried again: mails go out soon after it is back.
const MAX_UNREACHABLE_PAUSE: Duration = Duration::from_secs(4);
/// The same for a server that takes no mail from the portal: providers
/// lock accounts and addresses that try a wrong password often.
const MAX_NOT_ACCEPTING_PAUSE: Duration = Duration::from_mins(1);
// Or a mail would be sent by two workers at once.
const _: () =
    assert!(SmtpMailer::DEADLINE.as_secs() + NOTE_TIME.as_secs() + 10 < MAIL_LEASE.as_secs());
/// How long a mail may still take to be handed over once the worker is stopped. Then it is due
/// again in a moment, for the next process or another one, and not only when its lease has expired.
const LAST_MAIL_TIME: Duration = Duration::from_secs(5);
/// The longest pause while the database is away.
const MAX_PAUSE: Duration = Duration::from_secs(4);

/// Delivers mails until cancelled, one after the other; the one being sent is finished, if the
/// server is not too slow for that.
pub async fn deliver(auth: Arc<Auth>, mailer: Arc<dyn Mailer>, stop: CancellationToken) {
    let _reminder = AbortOnDropHandle::new(tokio::spawn({
        let (mailer, stop) = (Arc::clone(&mailer), stop.clone());
        async move {
            stop.cancelled().await;
            tokio::time::sleep(LAST_MAIL_TIME).await;
            mailer.interrupt();
        }
    }));
    let mut slow = Vec::new();
    let mut backoff = Backoff(POLL_INTERVAL);
    let (report, mut reports) = mpsc::unbounded_channel();
    while !stop.is_cancelled() {
        slow.retain(|delivery: &AbortOnDropHandle<_>| !delivery.is_finished());
        let (auth, mailer, report) = (Arc::clone(&auth), Arc::clone(&mailer), report.clone());
        let delivery = async move {
            let delivery = auth.deliver_next_mail(&*mailer).await;
            if let Err(error) = &delivery {
                tracing::warn!(
                    error = error as &dyn std::error::Error,
                    "the outbox cannot be read or written"
                );
            }
            // Nobody listens once the worker is stopped.
            let _ = report.send(delivery.ok());
        };
        let mut delivery = AbortOnDropHandle::new(tokio::spawn(delivery));
        match tokio::time::timeout(HEAD_START, &mut delivery).await {
            Ok(Ok(())) => {}
            // It panicked. The supervisor of this worker starts it again.
            Ok(Err(_)) => break,
            Err(_) => slow.push(delivery),
        }
        let mut pause = Duration::ZERO;
        while let Ok(delivery) = reports.try_recv() {
            pause = pause.max(backoff.after(delivery));
        }
        stop.run_until_cancelled(tokio::time::sleep(pause)).await;
    }
    for delivery in slow {
        // What came of it is in the log.
        let _ = delivery.await;
    }
}

/// The pause after a failure, twice as long each time until something goes out.
struct Backoff(Duration);

impl Backoff {
    /// How long to wait before the next look; after `None` the outbox was out of reach.
    fn after(&mut self, delivery: Option<Delivery>) -> Duration {
        let longest = match delivery {
            Some(Delivery::Done) => {
                self.0 = POLL_INTERVAL;
                return Duration::ZERO;
            }
            Some(Delivery::NoneDue) => return POLL_INTERVAL,
            Some(Delivery::Unreachable) => MAX_UNREACHABLE_PAUSE,
            Some(Delivery::NotAccepting) => MAX_NOT_ACCEPTING_PAUSE,
            None => MAX_PAUSE,
        };
        self.0 = (self.0 * 2).min(longest);
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_in_a_row_are_waited_out_for_longer_and_longer() {
        let mut backoff = Backoff(POLL_INTERVAL);
        let mut after = |delivery| backoff.after(delivery).as_secs();
        let refused = Some(Delivery::NotAccepting);
        assert_eq!(
            [(); 8].map(|()| after(refused)),
            [1, 2, 4, 8, 16, 32, 60, 60]
        );
        // That nothing is due says nothing of the server.
        after(Some(Delivery::NoneDue));
        assert_eq!(after(refused), 60);
        assert_eq!(after(Some(Delivery::Unreachable)), 4);
        assert_eq!(after(Some(Delivery::Done)), 0);
        assert_eq!(after(None), 1);
    }
}
