//! Which mails may have been sent a second time, and because of what.
//!
//! A worker sends a mail and then writes down that it did. Between the two it can be killed, or not
//! hear what the mail server said; then the mail is sent again. One worker has one mail between the
//! two, and what the mail server has not acknowledged is known to the mail server: so each fault
//! may cause as many as workers were killed, and only of mails that were taken while it lasted. A
//! worker whose database is away writes it down when that is back.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use vestibule_testkit::SmtpMessage;

use crate::fleet::pause;
use crate::world::{World, header};

/// A mail that was taken is written down as sent within this
/// time where nothing is broken, on a machine that is busy.
const MARK_TIME: Duration = Duration::from_secs(1);

/// A fault that can keep workers from writing down what they sent.
struct Doubt {
    name: &'static str,
    since: Instant,
    until: Instant,
    /// How many mails it may still be blamed for.
    left: usize,
}

#[derive(Default)]
pub struct Ledger(Vec<Doubt>);

/// How many mails there were, and what became of them.
#[derive(Default)]
pub struct Deliveries {
    pub mails: usize,
    /// Sent again because the mail server did not say that it had taken them.
    pub unacknowledged: usize,
    /// Sent again because of something else, and how often that would have been allowed.
    pub unmarked: usize,
    pub allowed: usize,
}

impl Ledger {
    /// From `since` until now a fault kept so many workers from writing something down.
    pub fn note(&mut self, name: &'static str, since: Instant, until: Instant, left: usize) {
        self.0.push(Doubt {
            name,
            since,
            until,
            left,
        });
    }

    /// Finds a reason for each mail that was sent again, and reports those that have none.
    pub fn judge(mut self, world: &World) -> Deliveries {
        let mut deliveries = Deliveries {
            allowed: self.0.iter().map(|doubt| doubt.left).sum(),
            ..Deliveries::default()
        };
        let messages = world.mails.seen(|seen| seen.messages.clone());
        let mut by_id: HashMap<String, Vec<&SmtpMessage>> = HashMap::new();
        for message in &messages {
            let id = header(&message.text, "Message-ID");
            by_id.entry(id).or_default().push(message);
        }
        deliveries.mails = by_id.len();
        // All but the last delivery of each: why was there another one?
        let mut in_doubt: Vec<&SmtpMessage> = Vec::new();
        for copies in by_id.values() {
            in_doubt.extend(&copies[..copies.len() - 1]);
        }
        in_doubt.sort_unstable_by_key(|delivery| delivery.taken_at);
        for delivery in in_doubt {
            if !delivery.is_acknowledged {
                deliveries.unacknowledged += 1;
            } else if self.blame(delivery.taken_at) {
                deliveries.unmarked += 1;
            } else {
                let to = delivery.recipients.join(", ");
                let near = self.faults_near(delivery.taken_at);
                world.observations.violation(format!(
                    "a mail to {to} was sent again for no reason; faults near its first delivery: {near}"
                ));
            }
        }
        deliveries
    }

    /// Blames the fault that was over first, of those that may have been it.
    /// That leaves the most to the others.
    fn blame(&mut self, taken_at: Instant) -> bool {
        let faults = self.0.iter_mut();
        let possible = faults.filter(|doubt| doubt.left > 0 && doubt.covers(taken_at));
        let Some(doubt) = possible.min_by_key(|doubt| doubt.until) else {
            return false;
        };
        doubt.left -= 1;
        true
    }

    fn faults_near(&self, taken_at: Instant) -> String {
        let near = self.0.iter().filter(|doubt| doubt.covers(taken_at));
        let names: Vec<_> = near.map(|doubt| doubt.name).collect();
        names.join(", ")
    }
}

impl Doubt {
    fn covers(&self, taken_at: Instant) -> bool {
        taken_at + MARK_TIME >= self.since && taken_at <= self.until + MARK_TIME
    }
}

/// Waits for a mail to an address.
#[track_caller]
pub fn wait_for_mail(
    world: &World,
    email: &str,
    page: &str,
    since: Instant,
    limit: Duration,
) -> Duration {
    while world.token_for(email, page).is_none() {
        assert!(
            since.elapsed() < limit,
            "no mail to {email} after {limit:?}"
        );
        pause(Duration::from_millis(20));
    }
    since.elapsed()
}
