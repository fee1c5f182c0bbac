//! Mails that wait to be sent.

use async_trait::async_trait;
use time::OffsetDateTime;
use uuid::Uuid;

use super::Result;
use crate::kernel::mail::{LeasedMail, MailOutcome, NewMail};
use crate::kernel::model::MailRecord;

#[async_trait]
pub trait ReadOutbox {
    /// Every mail to the user, newest first.
    async fn mail_records(&mut self, user_id: Uuid) -> Result<Vec<MailRecord>>;
}

/// Mails between the fact that they report and the next hop: at least once, under leases.
#[async_trait]
pub trait Outbox {
    async fn enqueue_mail(&mut self, mail: &NewMail) -> Result<()>;

    /// Takes the mail that is due and not leased, of those with the lowest
    /// [`priority`](crate::kernel::mail::MailKind::priority) the one that has been due longest, and
    /// leases it under `lease_id` until `lease_until`.
    async fn claim_mail(
        &mut self,
        lease_id: Uuid,
        lease_until: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Result<Option<LeasedMail>>;

    /// Notes what came of a mail, and ends the lease on it; `false` if that has passed to another
    /// worker.
    async fn note_mail(&mut self, id: Uuid, lease_id: Uuid, outcome: &MailOutcome) -> Result<bool>;
}
