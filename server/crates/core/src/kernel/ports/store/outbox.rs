//! Mails that wait to be sent.

use async_trait::async_trait;
use time::OffsetDateTime;
use uuid::Uuid;

use super::Result;
use crate::kernel::mail::{LeasedMail, NewMail};
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

    /// `false` if the lease has passed to another worker.
    async fn mark_mail_sent(
        &mut self,
        id: Uuid,
        lease_id: Uuid,
        now: OffsetDateTime,
    ) -> Result<bool>;

    /// Counts the attempt; due again at `next_attempt_at`,
    /// or dead without one. `false` if the lease is gone.
    async fn mark_mail_failed(
        &mut self,
        id: Uuid,
        lease_id: Uuid,
        next_attempt_at: Option<OffsetDateTime>,
        error: &str,
    ) -> Result<bool>;

    /// Gives a mail back that nobody could be asked to take; the
    /// attempt does not count. `false` if the lease is gone.
    async fn postpone_mail(
        &mut self,
        id: Uuid,
        lease_id: Uuid,
        next_attempt_at: OffsetDateTime,
        error: &str,
    ) -> Result<bool>;
}
