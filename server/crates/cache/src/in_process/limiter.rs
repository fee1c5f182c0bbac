//! A rate limiter in the memory of this process, by the generic cell rate algorithm: one instant per key.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use time::{Duration, OffsetDateTime};
use vestibule_core::ports::{Charge, Decision, RateLimiter};

/// Keys are bounded, so that made-up addresses cannot fill the memory (about 15 MB).
const MAX_KEYS: usize = 100_000;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Per key, the instant at which its quota is full again ("theoretical arrival time").
#[derive(Default)]
pub struct InProcessLimiter {
    full_at: Mutex<HashMap<String, OffsetDateTime>>,
}

impl InProcessLimiter {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, OffsetDateTime>> {
        self.full_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl RateLimiter for InProcessLimiter {
    async fn take(&self, charges: &[Charge], now: OffsetDateTime) -> Result<Decision> {
        let mut full_at = self.lock();
        if full_at.len() + charges.len() > MAX_KEYS {
            make_room(&mut full_at, now);
        }
        let next = |charge: &Charge| {
            let empty = now + charge.quota.period * charge.quota.burst;
            let current = full_at.get(&charge.key).copied().unwrap_or(now);
            // A clock that was wrong for a moment is no lock.
            current.clamp(now, empty) + charge.quota.period
        };
        let nexts: Vec<OffsetDateTime> = charges.iter().map(next).collect();
        let wait = charges
            .iter()
            .zip(&nexts)
            .map(|(Charge { quota, .. }, next)| *next - now - quota.period * quota.burst)
            .max()
            .unwrap_or_default();
        if wait > Duration::ZERO {
            return Ok(Decision::Limited {
                retry_after: wait.unsigned_abs(),
            });
        }
        for (charge, next) in charges.iter().zip(nexts) {
            full_at.insert(charge.key.clone(), next);
        }
        Ok(Decision::Allowed)
    }

    async fn give_back(&self, charges: &[Charge], _: OffsetDateTime) -> Result<()> {
        let mut full_at = self.lock();
        for charge in charges {
            if let Some(instant) = full_at.get_mut(&charge.key) {
                *instant -= charge.quota.period;
            }
        }
        Ok(())
    }

    async fn reset(&self, charges: &[Charge]) -> Result<()> {
        let mut full_at = self.lock();
        for charge in charges {
            full_at.remove(&charge.key);
        }
        Ok(())
    }
}

/// Forgets the keys whose quota is full, and if that is not enough the tenth that is nearest to it.
fn make_room(full_at: &mut HashMap<String, OffsetDateTime>, now: OffsetDateTime) {
    full_at.retain(|_, instant| *instant > now);
    if full_at.len() < MAX_KEYS {
        return;
    }
    let mut instants: Vec<OffsetDateTime> = full_at.values().copied().collect();
    let (_, threshold, _) = instants.select_nth_unstable(MAX_KEYS / 10);
    let threshold = *threshold;
    full_at.retain(|_, instant| *instant > threshold);
}

#[cfg(test)]
mod tests {
    use vestibule_core::ports::Quota;

    use super::*;

    #[tokio::test]
    async fn keys_are_bounded() {
        let limiter = InProcessLimiter::default();
        let quota = Quota {
            burst: 3,
            period: std::time::Duration::from_mins(1),
        };
        for number in 0..MAX_KEYS + 10 {
            let key = number.to_string();
            let charges = [Charge { key, quota }];
            let taken = limiter.take(&charges, OffsetDateTime::UNIX_EPOCH).await;
            assert_eq!(taken.unwrap(), Decision::Allowed);
        }
        assert!(limiter.lock().len() <= MAX_KEYS);
    }
}
