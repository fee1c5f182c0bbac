//! Password hashing on threads of its own.
//!
//! Each thread reuses one block of memory: memory never exceeds `threads x m`. The queue before
//! them is bounded by the time that it would take, and a full one is an answer (503) instead of a
//! wait. Imported hashes that need more than `m` are checked one at a time, in at most 64 MiB that
//! are freed again. See ADR 0006.

mod engine;
mod worker;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use argon2::Params;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::kernel::abandon::Abandoned;
use crate::kernel::errors::AuthError;
use crate::kernel::passwords::pool::{Full, Permit, Pool, PoolMetrics, PoolSettings, Urgency};
use crate::kernel::ports::Random;
use crate::kernel::trace::TRACE_TARGET;

use engine::{Engine, HashError};
use worker::{MAX_MEMORY_KIB, MAX_PASSES, Worker};

pub use engine::HashEngine;
pub(crate) use worker::Verdict;

/// Longer passwords are refused at registration and wrong at sign-in;
/// the limit keeps the work bounded.
pub(crate) const MAX_PASSWORD_BYTES: usize = 1024;

const METRICS: PoolMetrics = PoolMetrics {
    wait: "vestibule_hash_wait_seconds",
    duration: "vestibule_hash_duration_seconds",
    rejected: "vestibule_hash_rejected_total",
};

/// How passwords are hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashSettings {
    /// Which implementation hashes, if it passes its test at the start.
    pub engine: HashEngine,
    /// Argon2id memory in KiB; at least 19456 with 2 passes, or an equal of it (OWASP).
    pub memory_kib: u32,
    /// Argon2id passes over the memory.
    pub passes: u32,
    /// Hash threads; each owns a block of memory once it has hashed.
    pub threads: usize,
    /// Passwords that may wait for a thread.
    pub queue: usize,
    /// How long a password is expected to wait for a thread at most; another one is turned away.
    pub max_wait: Duration,
}

impl Default for HashSettings {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            engine: HashEngine::default(),
            memory_kib: 19_456,
            passes: 2,
            threads,
            queue: 64 * threads,
            max_wait: Self::MAX_WAIT,
        }
    }
}

impl HashSettings {
    /// Longer than this nobody looks at a page that does nothing.
    pub const MAX_WAIT: Duration = Duration::from_secs(2);

    /// Whether the cost reaches the OWASP floor: m=46 MiB t=1,
    /// m=19 MiB t=2, or m=12 MiB t>=3, with one lane.
    pub fn reaches_floor(&self) -> bool {
        let floor = match self.passes {
            0 => return false,
            1 => 47_104,
            2 => 19_456,
            _ => 12_288,
        };
        (floor..=MAX_MEMORY_KIB).contains(&self.memory_kib) && self.passes <= MAX_PASSES
    }
}

/// The right to one hash, with a place in the queue before the hash threads.
pub(crate) struct HashPermit(Permit<Worker>);

/// The hash threads and the queue before them. They end when the last clone is dropped.
#[derive(Clone)]
pub struct PasswordHasher {
    pool: Pool<Worker>,
    random: Arc<dyn Random>,
    hashes: Arc<AtomicU64>,
}

impl PasswordHasher {
    /// Starts the threads.
    ///
    /// # Errors
    /// If the system gives no thread, or the parameters are none that Argon2 knows.
    pub fn start(settings: HashSettings, random: Arc<dyn Random>) -> std::io::Result<Self> {
        let params = Params::new(
            settings.memory_kib,
            settings.passes,
            1,
            Some(Params::DEFAULT_OUTPUT_LEN),
        )
        .map_err(|error| std::io::Error::other(error.to_string()))?;
        let (hashes, oversize) = (Arc::default(), Arc::default());
        let engine = settings.engine.checked();
        let new_worker = || Worker {
            params: params.clone(),
            engine: Engine::new(engine),
            oversize: Arc::clone(&oversize),
            hashes: Arc::clone(&hashes),
        };
        let pool_settings = PoolSettings {
            threads: settings.threads,
            max_waiting: settings.queue.max(1),
            max_wait: settings.max_wait,
            first_guess: Duration::from_micros(
                u64::from(settings.memory_kib) * u64::from(settings.passes),
            ),
            metrics: METRICS,
        };
        Ok(Self {
            pool: Pool::start("hash", pool_settings, new_worker)?,
            random,
            hashes,
        })
    }

    /// Argon2 runs since the start.
    pub fn hashes(&self) -> u64 {
        self.hashes.load(Ordering::Relaxed)
    }

    /// Jobs that wait for a thread.
    pub fn waiting(&self) -> usize {
        self.pool.waiting()
    }

    /// Hashes a new password.
    ///
    /// # Errors
    /// [`AuthError::Overloaded`] at once if it would wait too long; [`AuthError::Abandoned`].
    pub(crate) async fn hash(
        &self,
        password: &str,
        abandoned: &Abandoned,
    ) -> Result<String, AuthError> {
        let (password, salt) = (normalise(password), self.salt());
        let work = move |worker: &mut Worker| worker.hash(&password, &salt);
        self.run(self.reserve()?, abandoned, work).await
    }

    /// Checks a password against a stored hash. Without one it costs the same and is wrong, so that
    /// an unknown account answers no faster than a known one.
    ///
    /// # Errors
    /// [`AuthError::Overloaded`] at once if it would wait too long; [`AuthError::Abandoned`].
    pub(crate) async fn verify(
        &self,
        password: &str,
        stored: Option<&str>,
        abandoned: &Abandoned,
    ) -> Result<Verdict, AuthError> {
        self.verify_in(self.reserve()?, password, stored, abandoned)
            .await
    }

    /// The same with a permit that was taken before.
    ///
    /// # Errors
    /// [`AuthError::Abandoned`]; otherwise only defects.
    pub(crate) async fn verify_in(
        &self,
        permit: HashPermit,
        password: &str,
        stored: Option<&str>,
        abandoned: &Abandoned,
    ) -> Result<Verdict, AuthError> {
        // Overlong passwords cannot be right; an empty one
        // in their place does the same work in bounded time.
        let (password, stored) = if password.len() > MAX_PASSWORD_BYTES {
            ("", None)
        } else {
            (password, stored.map(str::to_owned))
        };
        let (password, salt) = (normalise(password), self.salt());
        let work = move |worker: &mut Worker| worker.verify(&password, stored.as_deref(), &salt);
        self.run(permit, abandoned, work).await
    }

    /// Takes a permit before anything is looked up for the hash,
    /// so that a refused request costs nothing.
    ///
    /// # Errors
    /// [`AuthError::Overloaded`] at once if there is none.
    pub(crate) fn reserve(&self) -> Result<HashPermit, AuthError> {
        let permit = self.pool.reserve(Urgency::Operation);
        permit
            .map(HashPermit)
            .map_err(|Full| overloaded(&*self.random))
    }

    async fn run<T: Send + 'static>(
        &self,
        HashPermit(permit): HashPermit,
        abandoned: &Abandoned,
        work: impl FnOnce(&mut Worker) -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, AuthError> {
        let _span = tracing::debug_span!(target: TRACE_TARGET, "hash password");
        let done = self.pool.run(permit, abandoned, work).await?;
        done.map_err(|error| {
            if error.is_out_of_memory() {
                tracing::error!("no memory for a password hash");
                return overloaded(&*self.random);
            }
            AuthError::internal(error)
        })
    }

    fn salt(&self) -> [u8; 16] {
        let mut salt = [0; 16];
        self.random.fill(&mut salt);
        salt
    }
}

/// To be tried again in 1 to 3 s, so that those who were turned away do not come back together.
pub(crate) fn overloaded(random: &dyn Random) -> AuthError {
    let mut byte = [0];
    random.fill(&mut byte);
    AuthError::Overloaded {
        retry_after: Duration::from_secs(1 + u64::from(byte[0] % 3)),
    }
}

/// NFC, so that one password typed on two systems is one (NIST SP 800-63B-4, 3.1.1.2).
fn normalise(password: &str) -> Zeroizing<String> {
    Zeroizing::new(password.nfc().collect())
}

#[cfg(test)]
mod tests;
