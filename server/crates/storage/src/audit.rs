//! The audit log.

use async_trait::async_trait;
use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;
use vestibule_core::model::AuditEntry;
use vestibule_core::ports::{AuditLog, ReadAuditLog};
use vestibule_core::{AuditEvent, AuditRecord};

use crate::backend::Backend;
use crate::micros::Micros;
use crate::repository::{Query, Result, Row, SqlRepository, query, readers};
use crate::sql::{Sql, statements};

/// The user, then what [`bind_event`] binds.
macro_rules! insert_into_audit_logs {
    () => {
        "
insert into audit_logs (user_id, id, event_type, actor_kind, actor_id, client_id, details, ip_address, user_agent, success,
    created_at)"
    };
}
pub(crate) use insert_into_audit_logs;

statements! {
    const INSERT: Sql = Sql::both(concat!(
        insert_into_audit_logs!(),
        "
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"));

    /// Many rows in one statement, as one JSON text. An account that is just being removed is
    /// waited for, and then found gone: nothing names it then. A row that is there already was
    /// written by a try whose answer got lost; more of the same may have been counted since.
    const INSERT_MANY: Sql = Sql {
        postgres: concat!("
with event as materialized (
    select r.id, (select u.id from users u where u.id = r.user_id for key share) as user_id, r.event_type, r.actor_kind,
        r.actor_id, r.client_id, r.details, r.ip_address, r.user_agent, r.success,
        cast('epoch' as timestamptz) + r.created_at * cast('1 microsecond' as interval) as created_at
    from json_to_recordset(cast($1 as json)) as r (id uuid, user_id uuid, event_type text, actor_kind text,
        actor_id text, client_id text, details text, ip_address text, user_agent text, success boolean,
        created_at bigint)
)", insert_into_audit_logs!(), "
select user_id, id, event_type, actor_kind,
    case when actor_kind = 'person' and actor_id is not null then cast(user_id as text) else actor_id end,
    client_id, details, ip_address, user_agent, success, created_at
from event
on conflict (id) do update set details = excluded.details"
        ),
        sqlite: concat!(
            insert_into_audit_logs!(),
            "
select (select u.id from users u where u.id = unhex(r.value ->> 'user_id', '-')), unhex(r.value ->> 'id', '-'),
    r.value ->> 'event_type', r.value ->> 'actor_kind',
    case
        when r.value ->> 'actor_kind' = 'person'
            and not exists (select 1 from users u where u.id = unhex(r.value ->> 'user_id', '-'))
        then null
        else r.value ->> 'actor_id'
    end,
    r.value ->> 'client_id', r.value ->> 'details', r.value ->> 'ip_address', r.value ->> 'user_agent',
    r.value ->> 'success', r.value ->> 'created_at'
from json_each($1) r
where true
on conflict (id) do update set details = excluded.details"
        ),
    };

    /// Refreshes are most of the rows and no part of the history; naming them lets the index leave
    /// them out. $3 is the list of event types, with a comma before and after each.
    const HISTORY: Sql = Sql::both("
select id, event_type, details, ip_address, user_agent, success, created_at
from audit_logs
where user_id = $1 and id < $2 and event_type <> 'token_refreshed'
    and replace($3, ',' || event_type || ',', '') <> $3
order by id desc
limit $4");

    const RECORDS: Sql = Sql::both("
select id, event_type, details, ip_address, user_agent, success, created_at
from audit_logs
where user_id = $1 and (created_at, id) < ($2, $3)
order by created_at desc, id desc
limit $4");
}

#[async_trait]
impl<DB: Backend> ReadAuditLog for SqlRepository<DB> {
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
        let query = query!(
            HISTORY,
            user_id,
            before,
            format!(",{types}").as_str(),
            i32::try_from(limit).unwrap_or(i32::MAX)
        );
        self.fetch_all(query, entry).await
    }

    async fn event_records(
        &mut self,
        user_id: Uuid,
        (before, before_id): (OffsetDateTime, Uuid),
        limit: u32,
    ) -> Result<Vec<AuditEntry>> {
        let query = query!(
            RECORDS,
            user_id,
            Micros(before),
            before_id,
            i32::try_from(limit).unwrap_or(i32::MAX)
        );
        self.fetch_all(query, entry).await
    }
}

#[async_trait]
impl<DB: Backend> AuditLog for SqlRepository<DB> {
    async fn insert_audit(&mut self, record: &AuditRecord) -> Result<()> {
        let insert = query!(INSERT, record.user_id);
        self.execute(bind_event(insert, record)).await?;
        self.announce(record);
        Ok(())
    }

    async fn insert_audits(&mut self, records: &[AuditRecord]) -> Result<()> {
        let rows = records.iter().map(row).collect::<Result<Vec<Value>>>()?;
        let rows = Value::Array(rows).to_string();
        let insert = query!(INSERT_MANY, rows.as_str());
        self.execute(insert).await?;
        for record in records {
            self.announce(record);
        }
        Ok(())
    }
}

/// All of an event but its user.
pub(crate) fn bind_event<DB: Backend>(query: Query<DB>, record: &AuditRecord) -> Query<DB> {
    query
        .bind(record.id)
        .bind(record.event.as_str())
        .bind(record.actor.kind())
        .bind(record.actor_id().map(|id| id.to_string()).as_deref())
        .bind(record.client_id.as_deref())
        .bind(record.details.to_string().as_str())
        .bind(record.ip_address.as_str())
        .bind(record.user_agent.as_deref())
        .bind(record.event.is_success())
        .bind(Micros(record.created_at))
}

fn row(record: &AuditRecord) -> Result<Value> {
    Ok(json!({
        "id": record.id.to_string(),
        "user_id": record.user_id.map(|id| id.to_string()),
        "event_type": record.event.as_str(),
        "actor_kind": record.actor.kind(),
        "actor_id": record.actor_id(),
        "client_id": record.client_id,
        "details": record.details.to_string(),
        "ip_address": record.ip_address,
        "user_agent": record.user_agent,
        "success": record.event.is_success(),
        "created_at": Micros(record.created_at).unix()?,
    }))
}

readers! {
    entry: AuditEntry {
        id, event from "event_type", details, ip_address, user_agent, success, created_at,
    }
}
