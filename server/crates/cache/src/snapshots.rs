//! Snapshots in the memory of this process.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;
use vestibule_core::ports::{Lookup, SnapshotCache};

const MAX_ENTRIES: u64 = 10_000;
const LIFE: Duration = Duration::from_secs(30);

/// A cache for a deployment of one process, whose own writes are the only ones.
pub struct InProcessCache<V> {
    entries: moka::sync::Cache<Uuid, V>,
    /// Counts removals. A value that was read before one may be stale and is not kept; removals are rare beside reads,
    /// so one count for all keys is enough.
    removals: Mutex<u64>,
}

impl<V: Clone + Send + Sync + 'static> Default for InProcessCache<V> {
    fn default() -> Self {
        let entries = moka::sync::Cache::builder()
            .max_capacity(MAX_ENTRIES)
            .time_to_live(LIFE)
            .build();
        Self {
            entries,
            removals: Mutex::new(0),
        }
    }
}

#[async_trait]
impl<V: Clone + Send + Sync + 'static> SnapshotCache<V> for InProcessCache<V> {
    async fn get(&self, id: Uuid) -> Lookup<V> {
        let removals = self.removals.lock().unwrap_or_else(PoisonError::into_inner);
        self.entries
            .get(&id)
            .map_or(Lookup::Miss { ticket: *removals }, Lookup::Hit)
    }

    async fn put(&self, id: Uuid, value: V, ticket: u64) {
        let removals = self.removals.lock().unwrap_or_else(PoisonError::into_inner);
        if *removals == ticket {
            self.entries.insert(id, value);
        }
    }

    async fn remove(&self, id: Uuid) {
        let mut removals = self.removals.lock().unwrap_or_else(PoisonError::into_inner);
        *removals += 1;
        self.entries.invalidate(&id);
    }
}

/// No cache: with several replicas and nothing between them, only the database knows what was revoked elsewhere.
pub struct NoCache;

#[async_trait]
impl<V: Send + Sync + 'static> SnapshotCache<V> for NoCache {
    async fn get(&self, _: Uuid) -> Lookup<V> {
        Lookup::Miss { ticket: 0 }
    }

    async fn put(&self, _: Uuid, _: V, _: u64) {}

    async fn remove(&self, _: Uuid) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_value_read_before_a_removal_is_not_kept() {
        let cache = InProcessCache::default();
        let id = Uuid::from_u128(1);
        let Lookup::Miss { ticket } = cache.get(id).await else {
            panic!("a hit in an empty cache")
        };
        cache.remove(id).await;
        cache.put(id, "stale", ticket).await;
        let Lookup::Miss { ticket } = cache.get(id).await else {
            panic!("the stale value was kept")
        };
        cache.put(id, "fresh", ticket).await;
        assert!(matches!(cache.get(id).await, Lookup::Hit("fresh")));
        cache.remove(id).await;
        assert!(matches!(cache.get(id).await, Lookup::Miss { .. }));
    }
}
