//! The audit log.

use async_trait::async_trait;
use vestibule_core::AuditRecord;
use vestibule_core::ports::AuditLog;

use crate::backend::Backend;
use crate::micros::Micros;
use crate::repository::{Hold, Result, SqlRepository};

const INSERT: &str = "
insert into audit_logs (id, user_id, event_type, details, ip_address, user_agent, success, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8)";

pub(crate) const STATEMENTS: &[&str] = &[INSERT];

#[async_trait]
impl<DB: Backend, C: Hold<DB>> AuditLog for SqlRepository<DB, C> {
    async fn insert_audit(&mut self, record: &AuditRecord) -> Result<()> {
        let insert = Self::query(INSERT)
            .bind(record.id)
            .bind(record.user_id)
            .bind(record.event.as_str())
            .bind(record.details.to_string().as_str())
            .bind(record.ip_address.as_str())
            .bind(record.user_agent.as_deref())
            .bind(record.event.is_success())
            .bind(Micros(record.created_at));
        self.execute(insert).await.map(drop)
    }
}
