//! Deleting what has expired.

use async_trait::async_trait;
use time::OffsetDateTime;
use uuid::Uuid;

use super::Result;
use crate::kernel::model::KeyKind;

/// What is deleted when it has expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expired {
    /// Mailed links, used or not, counted from when they were made.
    MailedLinks,
    ResetTokens,
    /// Sessions with their refresh tokens, from when they ended or expired.
    Sessions,
    /// Mails that were sent or given up, from when they were written.
    Mails,
    /// Signing keys of a kind, from when they were withdrawn.
    SigningKeys(KeyKind),
    /// Events of any kind.
    Events,
    /// Events of refreshes.
    RefreshEvents,
    /// Events of requests that were refused, which anybody can cause.
    Refusals,
    /// What forms came to, from when it is no longer answered.
    FormSubmissions,
    /// Sessions of apps, from when they ended or expired.
    AppSessions,
    /// Codes, from when they were spent.
    SpentCodes,
}

/// Deleting what has expired. Each call is one short write, so that nobody waits long for it.
#[async_trait]
pub trait Cleanup {
    /// Takes the lease on a piece of work, or prolongs it; `false` while another replica has it.
    async fn lease_job(
        &mut self,
        name: &str,
        lease_id: Uuid,
        until: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Result<bool>;

    /// Gives a lease back.
    async fn release_job(&mut self, name: &str, lease_id: Uuid) -> Result<()>;

    /// Deletes the oldest rows that had expired before `before`, `limit` at most; how many.
    async fn delete_expired(
        &mut self,
        what: Expired,
        before: OffsetDateTime,
        limit: u32,
    ) -> Result<u64>;

    /// Makes accounts due for deletion that never proved their address, have no live session, and
    /// were registered and last signed in to before `before`; `limit` at most, how many.
    async fn schedule_unverified(
        &mut self,
        before: OffsetDateTime,
        now: OffsetDateTime,
        limit: u32,
    ) -> Result<u64>;

    /// The next account after `after`, by time and id, that is due for deletion. From here on it is
    /// found by nobody, and its address is free. Of parallel callers each gets another one.
    async fn claim_due_deletion(
        &mut self,
        after: (OffsetDateTime, Uuid),
        now: OffsetDateTime,
    ) -> Result<Option<(OffsetDateTime, Uuid)>>;

    /// Deletes rows that belong to a claimed account, `limit` at most;
    /// how many, so none are left after zero.
    async fn erase_part(&mut self, user_id: Uuid, limit: u32) -> Result<u64>;

    /// Removes an account that is due for deletion with whatever still belongs to it, its events
    /// included; `false` if there is no such account. Belongs into a transaction.
    async fn erase_user(&mut self, id: Uuid, now: OffsetDateTime) -> Result<bool>;
}
