//! A rate limiter in the memory of this process, by the
//! generic cell rate algorithm: one instant per key.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;
use time::{Duration, OffsetDateTime};
use vestibule_core::lock;
use vestibule_core::ports::{Charge, Decision, RateLimiter};

/// Keys are bounded, so that made-up addresses cannot fill the memory (about 18 MB).
const MAX_KEYS: usize = 100_000;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

type CountsByKey = HashMap<String, Count>;

/// What is known of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Count {
    /// The instant at which its quota is full again ("theoretical arrival time").
    pub(crate) full_at: OffsetDateTime,
    /// The epoch of Redis in which it gave this instant; none for what is known here alone.
    pub(crate) seen_in_epoch: Option<u64>,
}

#[derive(Default)]
pub struct InProcessLimiter {
    counts: Mutex<CountsByKey>,
}

impl InProcessLimiter {
    /// The counts, with room for so many keys more.
    fn lock_for(&self, keys: usize, now: OffsetDateTime) -> MutexGuard<'_, CountsByKey> {
        let mut counts = lock(&self.counts);
        if counts.len() + keys > MAX_KEYS {
            make_room(&mut counts, now);
        }
        counts
    }

    pub(crate) fn get(&self, key: &str) -> Option<Count> {
        lock(&self.counts).get(key).copied()
    }

    /// Notes what is known from elsewhere, in the place of what was known before. Answers that
    /// overtake each other may leave the older one: they differ by what was taken in between.
    pub(crate) fn note<'a>(
        &self,
        seen: impl ExactSizeIterator<Item = (&'a str, Count)>,
        now: OffsetDateTime,
    ) {
        let mut counts = self.lock_for(seen.len(), now);
        for (key, count) in seen {
            match counts.get_mut(key) {
                Some(known) => *known = count,
                None => {
                    counts.insert(key.to_owned(), count);
                }
            }
        }
    }
}

#[async_trait]
impl RateLimiter for InProcessLimiter {
    async fn take(&self, charges: &[Charge], now: OffsetDateTime) -> Result<Decision> {
        let mut counts = self.lock_for(charges.len(), now);
        let next = |charge: &Charge| {
            let empty = now + charge.quota.period * charge.quota.burst;
            let current = counts.get_mut(&charge.key).map_or(now, |count| {
                // A clock that was wrong for a moment is no lock: what is later is forgotten.
                count.full_at = count.full_at.min(empty);
                count.full_at
            });
            current.max(now) + charge.quota.period
        };
        let nexts: Vec<OffsetDateTime> = charges.iter().map(next).collect();
        let longest = charges
            .iter()
            .zip(&nexts)
            .map(|(Charge { quota, .. }, next)| *next - now - quota.period * quota.burst)
            .enumerate()
            .max_by_key(|(place, wait)| (*wait, Reverse(*place)))
            .filter(|(_, wait)| *wait > Duration::ZERO);
        if let Some((charge, wait)) = longest {
            return Ok(Decision::Limited {
                charge,
                retry_after: wait.unsigned_abs(),
            });
        }
        for (charge, full_at) in charges.iter().zip(nexts) {
            let count = Count {
                full_at,
                seen_in_epoch: None,
            };
            counts.insert(charge.key.clone(), count);
        }
        Ok(Decision::Allowed)
    }

    async fn give_back(&self, charges: &[Charge], _: OffsetDateTime) -> Result<()> {
        let mut counts = lock(&self.counts);
        for charge in charges {
            if let Some(count) = counts.get_mut(&charge.key) {
                count.full_at -= charge.quota.period;
            }
        }
        Ok(())
    }

    async fn reset(&self, charges: &[Charge]) -> Result<()> {
        let mut counts = lock(&self.counts);
        for charge in charges {
            counts.remove(&charge.key);
        }
        Ok(())
    }
}

/// Forgets the keys whose quota is full, and if that makes
/// little room those that are nearest to it, a tenth of all.
fn make_room(counts: &mut CountsByKey, now: OffsetDateTime) {
    counts.retain(|_, count| count.full_at > now);
    let Some(surplus) = counts.len().checked_sub(MAX_KEYS / 10 * 9) else {
        return;
    };
    let mut instants: Vec<OffsetDateTime> = counts.values().map(|count| count.full_at).collect();
    if surplus < instants.len() {
        let (_, threshold, _) = instants.select_nth_unstable(surplus);
        let threshold = *threshold;
        counts.retain(|_, count| count.full_at > threshold);
    }
}

#[cfg(test)]
mod tests {
    use vestibule_core::ports::Quota;

    use super::*;

    const PERIOD: std::time::Duration = std::time::Duration::from_mins(1);

    fn charge(key: &str, burst: u32) -> [Charge; 1] {
        let (key, period) = (key.to_owned(), PERIOD);
        let quota = Quota { burst, period };
        [Charge { key, quota }]
    }

    fn seen(key: &str, full_at: OffsetDateTime) -> impl ExactSizeIterator<Item = (&str, Count)> {
        let count = Count {
            full_at,
            seen_in_epoch: Some(1),
        };
        [(key, count)].into_iter()
    }

    #[tokio::test]
    async fn a_clock_that_was_wrong_for_a_moment_costs_one_quota() {
        let limiter = InProcessLimiter::default();
        let charges = charge("a", 3);
        let now = OffsetDateTime::UNIX_EPOCH;
        limiter.note(seen("a", now + Duration::days(365)), now);
        let refused = Decision::Limited {
            charge: 0,
            retry_after: PERIOD,
        };
        for (periods, expected) in [
            (0, refused),
            (1, Decision::Allowed),
            (1, refused),
            (2, Decision::Allowed),
        ] {
            let taken = limiter.take(&charges, now + PERIOD * periods).await;
            assert_eq!(taken.unwrap(), expected, "{periods}");
        }
    }

    #[tokio::test]
    async fn what_was_reported_last_counts() {
        let limiter = InProcessLimiter::default();
        let charges = charge("a", 1);
        let now = OffsetDateTime::UNIX_EPOCH;
        for (full_at, is_allowed) in [(now + PERIOD, false), (now, true), (now + PERIOD, false)] {
            limiter.note(seen("a", full_at), now);
            let taken = limiter.take(&charges, now).await.unwrap();
            assert_eq!(taken == Decision::Allowed, is_allowed);
        }
    }

    #[tokio::test]
    async fn keys_are_bounded() {
        let limiter = InProcessLimiter::default();
        let now = OffsetDateTime::UNIX_EPOCH;
        for number in 0..MAX_KEYS + 10 {
            let taken = limiter.take(&charge(&number.to_string(), 3), now).await;
            assert_eq!(taken.unwrap(), Decision::Allowed);
        }
        assert!(lock(&limiter.counts).len() <= MAX_KEYS);
        for number in 0..2 * MAX_KEYS {
            limiter.note(seen(&format!("noted {number}"), now + Duration::HOUR), now);
        }
        assert!(lock(&limiter.counts).len() <= MAX_KEYS);
    }
}
