//! A rate limiter in the memory of this process, by the generic cell rate algorithm: one instant per key.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use time::{Duration, OffsetDateTime};
use vestibule_core::ports::{Decision, Quota, RateLimiter};

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
    async fn take(&self, key: &str, quota: Quota, now: OffsetDateTime) -> Result<Decision> {
        let mut full_at = self.lock();
        if full_at.len() >= MAX_KEYS && !full_at.contains_key(key) {
            make_room(&mut full_at, now);
        }
        let current = full_at.get(key).copied().unwrap_or(now).max(now);
        let next = current + quota.period;
        let wait = next - now - quota.period * quota.burst;
        if wait > Duration::ZERO {
            return Ok(Decision::Limited {
                retry_after: wait.unsigned_abs(),
            });
        }
        full_at.insert(key.to_owned(), next);
        Ok(Decision::Allowed)
    }

    async fn give_back(&self, key: &str, quota: Quota) -> Result<()> {
        if let Some(full_at) = self.lock().get_mut(key) {
            *full_at -= quota.period;
        }
        Ok(())
    }

    async fn reset(&self, key: &str) -> Result<()> {
        self.lock().remove(key);
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
    use std::sync::Arc;

    use super::*;

    const QUOTA: Quota = Quota {
        burst: 3,
        period: std::time::Duration::from_mins(1),
    };

    fn at(seconds: i64) -> OffsetDateTime {
        OffsetDateTime::UNIX_EPOCH + Duration::seconds(1_800_000_000 + seconds)
    }

    #[tokio::test]
    async fn a_burst_passes_and_then_one_each_period() {
        let limiter = InProcessLimiter::default();
        for _ in 0..3 {
            assert_eq!(
                limiter.take("a", QUOTA, at(0)).await.unwrap(),
                Decision::Allowed
            );
        }
        let Decision::Limited { retry_after } = limiter.take("a", QUOTA, at(10)).await.unwrap()
        else {
            panic!("a fourth passed")
        };
        assert_eq!(retry_after.as_secs(), 50, "the wait is true");
        assert!(matches!(
            limiter.take("a", QUOTA, at(59)).await.unwrap(),
            Decision::Limited { .. }
        ));
        assert_eq!(
            limiter.take("a", QUOTA, at(60)).await.unwrap(),
            Decision::Allowed
        );
        assert!(matches!(
            limiter.take("a", QUOTA, at(60)).await.unwrap(),
            Decision::Limited { .. }
        ));
        assert_eq!(
            limiter.take("b", QUOTA, at(60)).await.unwrap(),
            Decision::Allowed,
            "keys are apart"
        );
    }

    #[tokio::test]
    async fn what_is_given_back_can_be_taken_again() {
        let limiter = InProcessLimiter::default();
        for _ in 0..3 {
            limiter.take("a", QUOTA, at(0)).await.unwrap();
        }
        limiter.give_back("a", QUOTA).await.unwrap();
        assert_eq!(
            limiter.take("a", QUOTA, at(0)).await.unwrap(),
            Decision::Allowed
        );
        limiter.reset("a").await.unwrap();
        assert_eq!(
            limiter.take("a", QUOTA, at(0)).await.unwrap(),
            Decision::Allowed
        );
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn parallel_callers_share_one_quota() {
        let limiter = Arc::new(InProcessLimiter::default());
        let callers: Vec<_> = (0..50)
            .map(|_| {
                let limiter = Arc::clone(&limiter);
                tokio::spawn(async move {
                    limiter.take("a", QUOTA, at(0)).await.unwrap() == Decision::Allowed
                })
            })
            .collect();
        let mut passed = 0;
        for caller in callers {
            passed += u32::from(caller.await.unwrap());
        }
        assert_eq!(passed, 3);
    }

    #[tokio::test]
    async fn keys_are_bounded() {
        let limiter = InProcessLimiter::default();
        for number in 0..MAX_KEYS + 10 {
            limiter
                .take(&number.to_string(), QUOTA, at(0))
                .await
                .unwrap();
        }
        assert!(limiter.lock().len() <= MAX_KEYS);
    }
}
