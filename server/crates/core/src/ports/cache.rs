use async_trait::async_trait;
use uuid::Uuid;

/// What a cache knows of a key, and the ticket with which a value read from the store may be put in its place.
pub enum Lookup<V> {
    Hit(V),
    /// The ticket makes a value that was read before a removal worthless after it.
    Miss {
        ticket: u64,
    },
}

/// Snapshots of rows that are read on every signed-in call. SQL stays the truth: a cache may forget at any time, and
/// must never hold a value that was read before [`SnapshotCache::remove`] was called for its key.
#[async_trait]
pub trait SnapshotCache<V>: Send + Sync {
    /// The value that is kept for the key, or the ticket to put one.
    async fn get(&self, id: Uuid) -> Lookup<V>;
    /// Keeps the value unless its key was removed since the ticket was given.
    async fn put(&self, id: Uuid, value: V, ticket: u64);
    /// Forgets the key, and makes the tickets that are out worthless for it.
    async fn remove(&self, id: Uuid);
}
