use async_trait::async_trait;
use metrics::counter;
use uuid::Uuid;

use crate::kernel::model::Principal;

/// What a cache knows of a session.
pub enum Lookup {
    Hit(Box<Principal>),
    /// The ticket makes what is read from the store from
    /// now on worthless once the user is forgotten.
    Miss(Ticket),
}

/// Names what the cache knew of the user when a look-up missed. It is good for nothing once that is
/// forgotten, whatever the reason.
#[derive(Clone, Copy, Debug)]
pub struct Ticket {
    /// In this process.
    pub local: u64,
    /// In the shared cache, where there is one and it answered.
    pub shared: Option<Uuid>,
}

/// Snapshots of who a session speaks for. SQL stays the truth: a cache may forget at any time, and
/// does not answer with what was read before a call of [`PrincipalCache::forget`] for the user that
/// has returned. A cache that replicas share may do so for a second, no longer, on other replicas
/// or where it could not be reached. No failure is seen outside: what cannot be read is a miss.
#[async_trait]
pub trait PrincipalCache: Send + Sync {
    /// The session's snapshot, or the ticket to put one.
    async fn get(&self, user_id: Uuid, session_id: Uuid) -> Lookup;
    /// Keeps what was read since the ticket was given, unless the user was forgotten in between.
    async fn put(&self, principal: &Principal, ticket: Ticket);
    /// Forgets every session of the user, and makes the tickets that are out worthless.
    async fn forget(&self, user_id: Uuid);
}

/// Counts a look-up in a cache.
pub(crate) fn note_lookup(cache: &'static str, is_hit: bool) {
    let result = if is_hit { "hit" } else { "miss" };
    counter!("vestibule_cache_requests_total", "cache" => cache, "result" => result).increment(1);
}
