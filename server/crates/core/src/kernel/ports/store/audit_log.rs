//! The audit log.

use async_trait::async_trait;
use time::OffsetDateTime;
use uuid::Uuid;

use super::Result;
use crate::kernel::audit::{AuditEvent, AuditRecord};
use crate::kernel::model::AuditEntry;

#[async_trait]
pub trait ReadAuditLog {
    /// The user's events of these kinds before `before`, newest first, `limit` at most.
    async fn history(
        &mut self,
        user_id: Uuid,
        events: &[AuditEvent],
        before: Uuid,
        limit: u32,
    ) -> Result<Vec<AuditEntry>>;

    /// Every event of the user before a time and id, those
    /// that are no history too, newest first, `limit` at most.
    async fn event_records(
        &mut self,
        user_id: Uuid,
        before: (OffsetDateTime, Uuid),
        limit: u32,
    ) -> Result<Vec<AuditEntry>>;
}

/// The audit log, which only grows.
#[async_trait]
pub trait AuditLog {
    async fn insert_audit(&mut self, record: &AuditRecord) -> Result<()>;

    /// Writes many events, in one statement. One about an account that was removed meanwhile is
    /// written as nobody's. One that is there already gets the details that it has now:
    /// the answer to an earlier try got lost.
    async fn insert_audits(&mut self, records: &[AuditRecord]) -> Result<()>;
}
