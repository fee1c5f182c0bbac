//! Writes that may come a moment late: what nobody waits for is written for many requests at once.
//!
//! Refusals, refreshes and "last seen" are the most frequent facts and the least fragile: none of them decides anything. What
//! belongs to a change of an account is written with that change and never here.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::{iter, slice};

use metrics::counter;
use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::audit::{AuditEvent, AuditRecord};
use crate::auth::{Auth, RequestMeta};
use crate::error::{AuthError, ErrorCode};
use crate::limits;
use crate::ports::StoreError;

/// Events that wait at most; a database that is away longer than this lasts loses the later ones, and the log says how many.
const MAX_EVENTS: usize = 10_000;
/// So many of them are never refusals, which anybody can cause.
const KEPT_FROM_REFUSALS: usize = 2_000;
/// Rows of one statement.
const BATCH: usize = 500;

/// What waits to be written.
#[derive(Default)]
pub(crate) struct Deferred {
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    events: Vec<AuditRecord>,
    /// The newest of each session.
    seen: HashMap<Uuid, OffsetDateTime>,
    dropped: u64,
}

impl Deferred {
    /// Events that wait to be written.
    pub fn len(&self) -> usize {
        self.lock().events.len()
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, record: AuditRecord) {
        let mut waiting = self.lock();
        if let Some(same) = waiting
            .events
            .iter_mut()
            .rev()
            .take(BATCH)
            .find(|one| is_repeated(one, &record))
        {
            count_one_more(&mut same.details);
        } else if waiting.events.len() < room_for(record.event) {
            waiting.events.push(record);
        } else {
            waiting.dropped += 1;
        }
    }

    fn next_batch(&self) -> (Vec<AuditRecord>, Vec<(Uuid, OffsetDateTime)>) {
        let mut waiting = self.lock();
        if waiting.dropped > 0 {
            counter!("vestibule_audit_events_lost_total").increment(waiting.dropped);
            tracing::error!(
                dropped = waiting.dropped,
                "audit events were lost: the database did not take them for too long"
            );
            waiting.dropped = 0;
        }
        let count = waiting.events.len().min(BATCH);
        let events = waiting.events.drain(..count).collect();
        (events, waiting.seen.drain().collect())
    }

    fn put_back(&self, events: Vec<AuditRecord>, seen: Vec<(Uuid, OffsetDateTime)>) {
        let mut waiting = self.lock();
        waiting.events.splice(..0, events);
        let room = waiting.events.len().min(MAX_EVENTS);
        waiting.dropped += (waiting.events.len() - room) as u64;
        waiting.events.truncate(room);
        for (session_id, at) in seen {
            waiting.seen.entry(session_id).or_insert(at);
        }
    }
}

fn room_for(event: AuditEvent) -> usize {
    if is_refusal(event) {
        MAX_EVENTS - KEPT_FROM_REFUSALS
    } else {
        MAX_EVENTS
    }
}

fn is_refusal(event: AuditEvent) -> bool {
    matches!(
        event,
        AuditEvent::RateLimited | AuditEvent::LoginLimited | AuditEvent::RequestRefused
    )
}

/// A flood of refusals is one row with a count, not a flood of rows.
fn is_repeated(one: &AuditRecord, other: &AuditRecord) -> bool {
    is_refusal(other.event)
        && one.event == other.event
        && one.user_id == other.user_id
        && ["limit", "code"]
            .iter()
            .all(|key| one.details.get(key) == other.details.get(key))
        && is_same_client(&one.ip_address, &other.ip_address)
}

/// As the limits count: whoever has a whole network is one client.
fn is_same_client(one: &str, other: &str) -> bool {
    one == other
        || match (one.parse(), other.parse()) {
            (Ok(one), Ok(other)) => limits::is_same_network(one, other),
            _ => false,
        }
}

fn count_one_more(details: &mut Value) {
    let count = details.get("count").and_then(Value::as_u64).unwrap_or(1);
    details["count"] = json!(count + 1);
}

impl Auth {
    /// Has an event written that belongs to no other write.
    pub(crate) fn defer_audit(
        &self,
        event: AuditEvent,
        user_id: Option<Uuid>,
        details: Value,
        meta: &RequestMeta,
    ) {
        self.deferred
            .push(self.audit_record(event, user_id, details, meta));
    }

    /// Has the audit log tell of an answer that was an error. What an operation has an event of its own for is told by that.
    pub fn audit_refusal(&self, code: ErrorCode, user_id: Option<Uuid>, meta: &RequestMeta) {
        let is_told = matches!(
            code,
            ErrorCode::InvalidCredentials
                | ErrorCode::InvalidToken
                | ErrorCode::RefreshTokenReused
                | ErrorCode::EmailTaken
                | ErrorCode::RateLimited
        );
        if !is_told {
            self.tell_refusal(code, user_id, meta);
        }
    }

    /// The same where no operation was reached that could have told.
    pub fn tell_refusal(&self, code: ErrorCode, user_id: Option<Uuid>, meta: &RequestMeta) {
        let details = json!({ "code": code.as_str() });
        self.defer_audit(AuditEvent::RequestRefused, user_id, details, meta);
    }

    /// Has `last_seen_at` of a session moved forward.
    pub(crate) fn defer_seen(&self, session_id: Uuid, at: OffsetDateTime) {
        self.deferred.lock().seen.insert(session_id, at);
    }

    /// Writes what waits; how many events were written. Called by a worker, a few times a second and once at the end.
    ///
    /// # Errors
    /// Those of the store; what could not be written waits on.
    pub async fn write_deferred(&self) -> Result<usize, AuthError> {
        let mut written = 0;
        loop {
            let (events, seen) = self.deferred.next_batch();
            if events.is_empty() && seen.is_empty() {
                return Ok(written);
            }
            match self.write_batch(&events, &seen).await {
                Ok(()) => written += events.len(),
                Err(error @ StoreError::Unavailable(_)) => {
                    self.deferred.put_back(events, seen);
                    return Err(error.into());
                }
                // One of them may be what the database does not take: the others do not go with it.
                Err(_) if !events.is_empty() && events.len() + seen.len() > 1 => {
                    written += self.write_each(events, seen).await?;
                }
                Err(error) => {
                    // It would fail again, and keep all later ones waiting.
                    note_lost(events.len(), &error);
                    return Err(error.into());
                }
            }
        }
    }

    /// The same, each for itself; what cannot be written is lost.
    async fn write_each(
        &self,
        events: Vec<AuditRecord>,
        seen: Vec<(Uuid, OffsetDateTime)>,
    ) -> Result<usize, AuthError> {
        let (mut written, mut events) = (0, events.into_iter());
        while let Some(event) = events.next() {
            match self.write_batch(slice::from_ref(&event), &[]).await {
                Ok(()) => written += 1,
                Err(error @ StoreError::Unavailable(_)) => {
                    let events = iter::once(event).chain(events).collect();
                    self.deferred.put_back(events, seen);
                    return Err(error.into());
                }
                Err(error) => note_lost(1, &error),
            }
        }
        match self.write_batch(&[], &seen).await {
            Ok(()) => Ok(written),
            Err(error @ StoreError::Unavailable(_)) => {
                self.deferred.put_back(Vec::new(), seen);
                Err(error.into())
            }
            // When somebody was seen last is told too early then, for a minute.
            Err(error) => Err(error.into()),
        }
    }

    async fn write_batch(
        &self,
        events: &[AuditRecord],
        seen: &[(Uuid, OffsetDateTime)],
    ) -> Result<(), StoreError> {
        let mut tx = self.store.begin().await?;
        if !events.is_empty() {
            tx.insert_audits(events).await?;
        }
        if !seen.is_empty() {
            tx.touch_sessions(seen).await?;
        }
        tx.commit().await
    }
}

fn note_lost(events: usize, error: &StoreError) {
    counter!("vestibule_audit_events_lost_total").increment(events as u64);
    tracing::error!(
        error = error as &dyn std::error::Error,
        dropped = events,
        "audit events cannot be written"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_leave_room_for_other_events() {
        let deferred = Deferred::default();
        let push = |event, number: u32| {
            deferred.push(AuditRecord {
                id: Uuid::from_u128(number.into()),
                user_id: None,
                event,
                details: json!({}),
                ip_address: std::net::Ipv4Addr::from_bits(number).to_string(),
                user_agent: None,
                created_at: OffsetDateTime::UNIX_EPOCH,
            });
        };
        for number in 0..9_000 {
            push(AuditEvent::RequestRefused, number);
        }
        assert_eq!(deferred.len(), 8_000);
        for number in 0..3_000 {
            push(AuditEvent::LoginFailure, number);
        }
        assert_eq!(deferred.len(), 10_000);
        assert_eq!(deferred.lock().dropped, 2_000);
    }
}
