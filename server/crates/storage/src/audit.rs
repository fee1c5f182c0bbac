//! The audit log.

use async_trait::async_trait;
use time::OffsetDateTime;
use uuid::Uuid;
use vestibule_core::model::AuditEntry;
use vestibule_core::ports::AuditLog;
use vestibule_core::{AuditEvent, AuditRecord};

use crate::backend::Backend;
use crate::micros::Micros;
use crate::repository::{Hold, Result, Row, SqlRepository};

const INSERT: &str = "
insert into audit_logs (id, user_id, event_type, details, ip_address, user_agent, success, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8)";

/// Refreshes are most of the rows and no part of the history; naming them lets the index leave them out. $3 is the list of
/// event types, with a comma before and after each.
const HISTORY: &str = "
select id, event_type, details, ip_address, user_agent, success, created_at
from audit_logs
where user_id = $1 and id < $2 and event_type <> 'token_refreshed'
    and replace($3, ',' || event_type || ',', '') <> $3
order by id desc
limit $4";

const RECORDS: &str = "
select id, event_type, details, ip_address, user_agent, success, created_at
from audit_logs
where user_id = $1 and (created_at, id) < ($2, $3)
order by created_at desc, id desc
limit $4";

pub(crate) const STATEMENTS: &[&str] = &[INSERT, HISTORY, RECORDS];

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

    async fn history(
        &mut self,
        user_id: Uuid,
        events: &[AuditEvent],
        before: Uuid,
        limit: u32,
    ) -> Result<Vec<AuditEntry>> {
        let types: String = events
            .iter()
            .flat_map(|event| [event.as_str(), ","])
            .collect();
        let query = Self::query(HISTORY)
            .bind(user_id)
            .bind(before)
            .bind(format!(",{types}").as_str())
            .bind(i32::try_from(limit).unwrap_or(i32::MAX));
        self.fetch_all(query, entry).await
    }

    async fn event_records(
        &mut self,
        user_id: Uuid,
        (before, before_id): (OffsetDateTime, Uuid),
        limit: u32,
    ) -> Result<Vec<AuditEntry>> {
        let query = Self::query(RECORDS)
            .bind(user_id)
            .bind(Micros(before))
            .bind(before_id)
            .bind(i32::try_from(limit).unwrap_or(i32::MAX));
        self.fetch_all(query, entry).await
    }
}

fn entry<DB: Backend>(row: &Row<DB>) -> Result<AuditEntry> {
    Ok(AuditEntry {
        id: row.get("id")?,
        event: row.code("event_type", AuditEvent::from_code)?,
        details: row.get("details")?,
        ip_address: row.get("ip_address")?,
        user_agent: row.get("user_agent")?,
        success: row.get("success")?,
        created_at: row.time("created_at")?,
    })
}
