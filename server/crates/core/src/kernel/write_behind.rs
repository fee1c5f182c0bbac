//! Writes that may come a moment late: what nobody waits for is written for many requests at once.
//!
//! Refusals, refreshes and "last seen" are the most frequent facts and the least fragile: none of
//! them decides anything. What belongs to a change of an
//! account is written with that change and never here.

mod refusals;

use std::collections::HashMap;
use std::sync::Mutex;
use std::{iter, slice};

use metrics::counter;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::kernel::audit::AuditRecord;
use crate::kernel::errors::AuthError;
use crate::kernel::lock::lock;
use crate::kernel::ports::{Store, StoreError};

use refusals::Refusals;

pub(crate) use refusals::Part;

/// Events that wait at most, refusals apart; a database that is away longer than this lasts loses
/// the later ones, and the log says how many.
const MAX_EVENTS: usize = 10_000;
/// Rows of one statement.
const BATCH: usize = 500;

/// What waits to be written.
#[derive(Default)]
pub(crate) struct WriteBehind {
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    events: Vec<AuditRecord>,
    refusals: Refusals,
    /// The newest of each session.
    seen: HashMap<Uuid, OffsetDateTime>,
    dropped: u64,
}

impl WriteBehind {
    /// Events that wait to be written.
    pub fn len(&self) -> usize {
        let waiting = lock(&self.waiting);
        waiting.events.len() + waiting.refusals.len()
    }

    pub fn push(&self, record: AuditRecord) {
        let mut waiting = lock(&self.waiting);
        let is_kept = if record.event.is_counted() {
            waiting.refusals.count(record)
        } else if waiting.events.len() < MAX_EVENTS {
            waiting.events.push(record);
            true
        } else {
            false
        };
        waiting.dropped += u64::from(!is_kept);
    }

    fn next_batch(&self, part: Part) -> (Vec<AuditRecord>, Vec<(Uuid, OffsetDateTime)>) {
        let mut waiting = lock(&self.waiting);
        if waiting.dropped > 0 {
            counter!("vestibule_audit_events_lost_total").increment(waiting.dropped);
            tracing::error!(
                dropped = waiting.dropped,
                "audit events were lost: the database did not take them for too long"
            );
            waiting.dropped = 0;
        }
        let count = waiting.events.len().min(BATCH);
        let mut events: Vec<_> = waiting.events.drain(..count).collect();
        events.extend(waiting.refusals.take(part, BATCH - count));
        (events, waiting.seen.drain().collect())
    }

    fn put_back(&self, events: Vec<AuditRecord>, seen: Vec<(Uuid, OffsetDateTime)>) {
        let mut waiting = lock(&self.waiting);
        let (refusals, events): (Vec<_>, Vec<_>) = events
            .into_iter()
            .partition(|record| record.event.is_counted());
        for record in refusals {
            waiting.dropped += u64::from(!waiting.refusals.count(record));
        }
        waiting.events.splice(..0, events);
        let room = waiting.events.len().min(MAX_EVENTS);
        waiting.dropped += (waiting.events.len() - room) as u64;
        waiting.events.truncate(room);
        for (session_id, at) in seen {
            waiting.seen.entry(session_id).or_insert(at);
        }
    }

    /// Has `last_seen_at` of a session moved forward.
    pub fn seen(&self, session_id: Uuid, at: OffsetDateTime) {
        lock(&self.waiting).seen.insert(session_id, at);
    }

    /// Writes what waits of this part; how many events were written.
    ///
    /// # Errors
    /// Those of the store; what could not be written waits on.
    pub async fn write(&self, store: &dyn Store, part: Part) -> Result<usize, AuthError> {
        let mut written = 0;
        loop {
            let (events, seen) = self.next_batch(part);
            if events.is_empty() && seen.is_empty() {
                return Ok(written);
            }
            match write_batch(store, &events, &seen).await {
                Ok(()) => written += events.len(),
                Err(error @ StoreError::Unavailable(_)) => {
                    self.put_back(events, seen);
                    return Err(error.into());
                }
                // One of them may be what the database does not take: the others do not go with it.
                Err(_) if !events.is_empty() && events.len() + seen.len() > 1 => {
                    written += self.write_each(store, events, seen).await?;
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
        store: &dyn Store,
        events: Vec<AuditRecord>,
        seen: Vec<(Uuid, OffsetDateTime)>,
    ) -> Result<usize, AuthError> {
        let (mut written, mut events) = (0, events.into_iter());
        while let Some(event) = events.next() {
            match write_batch(store, slice::from_ref(&event), &[]).await {
                Ok(()) => written += 1,
                Err(error @ StoreError::Unavailable(_)) => {
                    let events = iter::once(event).chain(events).collect();
                    self.put_back(events, seen);
                    return Err(error.into());
                }
                Err(error) => note_lost(1, &error),
            }
        }
        match write_batch(store, &[], &seen).await {
            Ok(()) => Ok(written),
            Err(error @ StoreError::Unavailable(_)) => {
                self.put_back(Vec::new(), seen);
                Err(error.into())
            }
            // The time at which a user was seen last is too early then, for a minute.
            Err(error) => Err(error.into()),
        }
    }
}

async fn write_batch(
    store: &dyn Store,
    events: &[AuditRecord],
    seen: &[(Uuid, OffsetDateTime)],
) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    if !events.is_empty() {
        tx.insert_audits(events).await?;
    }
    if !seen.is_empty() {
        tx.touch_sessions(seen).await?;
    }
    tx.commit().await
}

fn note_lost(events: usize, error: &StoreError) {
    counter!("vestibule_audit_events_lost_total").increment(events as u64);
    tracing::error!(
        error = error as &dyn std::error::Error,
        dropped = events,
        "audit events cannot be written"
    );
}
