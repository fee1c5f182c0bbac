//! A rate limiter in the memory of this process, by the generic cell rate algorithm: one instant per key.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use time::{Duration, OffsetDateTime};
use vestibule_core::ports::{Charge, Decision, RateLimiter};

/// Keys are bounded, so that made-up addresses cannot fill the memory (about 15 MB).
const MAX_KEYS: usize = 100_000;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

type FullAt = HashMap<String, OffsetDateTime>;

/// Per key, the instant at which its quota is full again ("theoretical arrival time").
#[derive(Default)]
pub struct InProcessLimiter {
    full_at: Mutex<FullAt>,
}

impl InProcessLimiter {
    fn lock(&self) -> MutexGuard<'_, FullAt> {
        self.full_at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same, with room for so many keys more.
    fn lock_for(&self, keys: usize, now: OffsetDateTime) -> MutexGuard<'_, FullAt> {
        let mut full_at = self.lock();
        if full_at.len() + keys > MAX_KEYS {
            make_room(&mut full_at, now);
        }
        full_at
    }

    /// Notes what is known from elsewhere: the quotas of these keys are not full before these instants.
    pub(crate) fn note<'a>(
        &self,
        instants: impl ExactSizeIterator<Item = (&'a str, OffsetDateTime)>,
        now: OffsetDateTime,
    ) {
        let mut full_at = self.lock_for(instants.len(), now);
        for (key, instant) in instants {
            match full_at.get_mut(key) {
                Some(known) => *known = instant.max(*known),
                None => {
                    full_at.insert(key.to_owned(), instant);
                }
            }
        }
    }
}

#[async_trait]
impl RateLimiter for InProcessLimiter {
    async fn take(&self, charges: &[Charge], now: OffsetDateTime) -> Result<Decision> {
        let mut full_at = self.lock_for(charges.len(), now);
        let next = |charge: &Charge| {
            let empty = now + charge.quota.period * charge.quota.burst;
            let current = full_at.get_mut(&charge.key).map_or(now, |current| {
                // A clock that was wrong for a moment is no lock: what is later is forgotten.
                *current = (*current).min(empty);
                *current
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

/// Forgets the keys whose quota is full, and if that makes little room those that are nearest to it, a tenth of all.
fn make_room(full_at: &mut FullAt, now: OffsetDateTime) {
    full_at.retain(|_, instant| *instant > now);
    let Some(surplus) = full_at.len().checked_sub(MAX_KEYS / 10 * 9) else {
        return;
    };
    let mut instants: Vec<OffsetDateTime> = full_at.values().copied().collect();
    if surplus < instants.len() {
        let (_, threshold, _) = instants.select_nth_unstable(surplus);
        let threshold = *threshold;
        full_at.retain(|_, instant| *instant > threshold);
    }
}

#[cfg(test)]
mod tests {
    use vestibule_core::ports::Quota;

    use super::*;

    #[tokio::test]
    async fn a_clock_that_was_wrong_for_a_moment_costs_one_quota() {
        let limiter = InProcessLimiter::default();
        let (burst, period) = (3, std::time::Duration::from_mins(1));
        let charges = [Charge {
            key: "a".to_owned(),
            quota: Quota { burst, period },
        }];
        let now = OffsetDateTime::UNIX_EPOCH;
        let next_year = now + Duration::days(365);
        limiter.note([("a", next_year)].into_iter(), now);
        let refused = Decision::Limited {
            charge: 0,
            retry_after: period,
        };
        assert_eq!(limiter.take(&charges, now).await.unwrap(), refused);
        let later = now + period;
        let taken = limiter.take(&charges, later).await.unwrap();
        assert_eq!(taken, Decision::Allowed);
        assert_eq!(limiter.take(&charges, later).await.unwrap(), refused);
        assert_eq!(
            limiter.take(&charges, now + period * 2).await.unwrap(),
            Decision::Allowed
        );
    }

    #[tokio::test]
    async fn what_is_noted_makes_a_quota_only_smaller() {
        let limiter = InProcessLimiter::default();
        let quota = Quota {
            burst: 1,
            period: std::time::Duration::from_mins(1),
        };
        let charges = [Charge {
            key: "a".to_owned(),
            quota,
        }];
        let now = OffsetDateTime::UNIX_EPOCH;
        limiter.take(&charges, now).await.unwrap();
        limiter.note([("a", now)].into_iter(), now);
        let taken = limiter.take(&charges, now).await.unwrap();
        assert_ne!(taken, Decision::Allowed);
    }

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
        for number in 0..2 * MAX_KEYS {
            let key = format!("noted {number}");
            let instant = OffsetDateTime::UNIX_EPOCH + Duration::HOUR;
            let noted = [(key.as_str(), instant)];
            limiter.note(noted.into_iter(), OffsetDateTime::UNIX_EPOCH);
        }
        assert!(limiter.lock().len() <= MAX_KEYS);
    }
}
