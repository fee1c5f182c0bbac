use std::sync::Arc;
use std::time::{Duration, Instant};

use secrecy::SecretString;
use tempfile::NamedTempFile;
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::subscriber::DefaultGuard;
use uuid::Uuid;
use vestibule_cache::{RedisLimiter, RedisLink, RedisPrincipals};
use vestibule_core::MasterKey;
use vestibule_core::ports::{Charge, Clock, Decision, Quota, RateLimiter};
use vestibule_testkit::{FakeClock, SeededRandom};

/// What one process has of Redis.
pub struct Replica {
    pub limiter: Arc<dyn RateLimiter>,
    pub principals: Arc<RedisPrincipals>,
    pub clock: Arc<FakeClock>,
    pub link: RedisLink,
    listening: Option<DropGuard>,
}

impl Replica {
    /// One that hears nothing of the others.
    pub fn deaf(url: &str, prefix: &str, seed: u64) -> Self {
        let link = RedisLink::open(&SecretString::from(url), prefix).unwrap();
        let clock = Arc::new(FakeClock::new());
        let master = master();
        let random = Arc::new(SeededRandom::new(seed));
        let limiter = RedisLimiter::new(link.clone(), &master, random.clone());
        let principals = RedisPrincipals::new(link.clone(), master, clock.clone(), random);
        Self {
            limiter: Arc::new(limiter),
            principals: Arc::new(principals),
            clock,
            link,
            listening: None,
        }
    }

    /// Listens for changes until it is dropped.
    pub fn listen(&mut self) {
        let stop = CancellationToken::new();
        tokio::spawn(self.principals.clone().listen(stop.clone()));
        self.listening = Some(stop.drop_guard());
    }

    /// Two processes of one deployment.
    pub fn two(url: &str, prefix: &str) -> [Self; 2] {
        [1, 2].map(|seed| {
            let mut replica = Self::deaf(url, prefix, seed);
            replica.listen();
            replica
        })
    }

    pub async fn takes(&self, charge: &Charge) -> bool {
        let taken = self
            .limiter
            .take(std::slice::from_ref(charge), self.clock.now());
        taken.await.unwrap() == Decision::Allowed
    }

    /// How many of twenty tries pass.
    pub async fn passes(&self, charge: &Charge) -> usize {
        let mut passed = 0;
        for _ in 0..20 {
            passed += usize::from(self.takes(charge).await);
        }
        passed
    }

    pub fn clock_now(&self) -> time::OffsetDateTime {
        self.clock.now()
    }
}

/// That of every replica.
fn master() -> MasterKey {
    MasterKey::generate(&SeededRandom::new(42))
}

/// Where a limit is on Redis, with the prefix `v`.
pub fn limit_key(key: &str) -> String {
    format!("v:limit:{}", master().for_use("limits").pseudonym(key))
}

/// So many at once, then one an hour.
pub fn charge(key: &str, burst: u32) -> Charge {
    Charge {
        key: key.to_owned(),
        quota: Quota {
            burst,
            period: Duration::from_hours(1),
        },
    }
}

/// Tries again until it is so.
pub async fn within<F: Future<Output = bool>>(
    limit: Duration,
    mut is_so: impl FnMut() -> F,
) -> bool {
    let start = Instant::now();
    loop {
        if is_so().await {
            return true;
        }
        if start.elapsed() > limit {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub fn fresh_id() -> Uuid {
    Uuid::new_v4()
}

/// What is logged on this thread while it lives.
pub struct CapturedLog {
    lines: NamedTempFile,
    _guard: DefaultGuard,
}

impl CapturedLog {
    pub fn start() -> Self {
        let lines = NamedTempFile::new().unwrap();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(lines.reopen().unwrap())
            .finish();
        Self {
            lines,
            _guard: tracing::subscriber::set_default(subscriber),
        }
    }

    pub fn text(&self) -> String {
        std::fs::read_to_string(self.lines.path()).unwrap()
    }

    pub fn count(&self, part: &str) -> usize {
        self.text().matches(part).count()
    }
}
