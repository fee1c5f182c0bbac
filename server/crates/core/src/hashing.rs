//! Password hashing on threads of its own.
//!
//! Each thread reuses one block of memory, and a bounded queue stands before them: memory never exceeds
//! `threads x m`, and a full queue is an answer (503) instead of a wait. Imported hashes that need more than `m` are
//! checked one at a time, in at most 64 MiB that are freed again. See ADR 0006.

mod worker;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use argon2::Params;
use metrics::counter;
use tokio::sync::{mpsc, oneshot};
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::error::AuthError;
use crate::ports::Random;
use crate::trace::TRACE_TARGET;

use worker::Worker;

/// Longer passwords are refused at registration and wrong at sign-in; the limit keeps the work bounded.
pub(crate) const MAX_PASSWORD_BYTES: usize = 1024;

/// A stored hash may ask for at most this much work: a foreign row cannot stop the service.
const MAX_MEMORY_KIB: u32 = 64 * 1024;
const MAX_PASSES: u32 = 10;
const MAX_LANES: u32 = 16;
const MAX_BCRYPT_COST: u32 = 14;

/// How passwords are hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashSettings {
    /// Argon2id memory in KiB; at least 19456 with 2 passes, or an equal of it (OWASP).
    pub memory_kib: u32,
    /// Argon2id passes over the memory.
    pub passes: u32,
    /// Hash threads; each owns a block of memory once it has hashed.
    pub threads: usize,
    /// Passwords that may wait for a thread.
    pub queue: usize,
}

impl Default for HashSettings {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            memory_kib: 19_456,
            passes: 2,
            threads,
            queue: 64 * threads,
        }
    }
}

impl HashSettings {
    /// Whether the cost reaches the OWASP floor: m=46 MiB t=1, m=19 MiB t=2, or m=12 MiB t>=3, with one lane.
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

/// What a check of a password found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Wrong,
    Right,
    /// Right, and stored in an outdated form; this is the new one.
    RightWithNewHash(String),
}

enum Job {
    Run(Box<dyn FnOnce() + Send>),
    Hash {
        password: Zeroizing<String>,
        salt: [u8; 16],
        reply: oneshot::Sender<Result<String, HashError>>,
    },
    Verify {
        password: Zeroizing<String>,
        stored: Option<String>,
        salt: [u8; 16],
        reply: oneshot::Sender<Result<Verdict, HashError>>,
    },
}

#[derive(Debug, thiserror::Error)]
enum HashError {
    #[error("argon2: {0}")]
    Argon2(#[from] argon2::Error),
    #[error("parameters: {0}")]
    Parameters(#[from] argon2::password_hash::Error),
    #[error("password hash: {0}")]
    Encoding(#[from] argon2::password_hash::phc::Error),
}

/// A place in the queue before the hash threads.
pub(crate) struct HashPlace(mpsc::OwnedPermit<Waiting>);

impl HashPlace {
    fn take(self, job: Job) {
        let since = Instant::now();
        self.0.send(Waiting { job, since });
    }
}

/// A job in the queue.
struct Waiting {
    job: Job,
    since: Instant,
}

/// The hash threads and the queue before them. They end when the last clone is dropped.
#[derive(Clone)]
pub struct PasswordHasher {
    jobs: mpsc::Sender<Waiting>,
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
        let (jobs, queue) = mpsc::channel(settings.queue.max(1));
        let queue = Arc::new(Mutex::new(queue));
        let (hashes, oversize) = (Arc::default(), Arc::default());
        for number in 0..settings.threads.max(1) {
            let queue = Arc::clone(&queue);
            let mut worker = Worker {
                params: params.clone(),
                memory: Vec::new(),
                oversize: Arc::clone(&oversize),
                hashes: Arc::clone(&hashes),
            };
            std::thread::Builder::new()
                .name(format!("hash-{number}"))
                .spawn(move || worker.run(&queue))?;
        }
        Ok(Self {
            jobs,
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
        self.jobs.max_capacity() - self.jobs.capacity()
    }

    /// Hashes a new password.
    ///
    /// # Errors
    /// [`AuthError::Overloaded`] at once if the queue is full.
    pub(crate) async fn hash(&self, password: &str) -> Result<String, AuthError> {
        let (reply, answer) = oneshot::channel();
        self.submit(Job::Hash {
            password: normalise(password),
            salt: self.salt(),
            reply,
        })?;
        wait(answer).await
    }

    /// Checks a password against a stored hash. Without one it costs the same and is wrong, so that an unknown account
    /// answers no faster than a known one.
    ///
    /// # Errors
    /// [`AuthError::Overloaded`] at once if the queue is full.
    pub(crate) async fn verify(
        &self,
        password: &str,
        stored: Option<&str>,
    ) -> Result<Verdict, AuthError> {
        self.verify_in(self.reserve()?, password, stored).await
    }

    /// The same in a place that was taken before.
    ///
    /// # Errors
    /// Only defects.
    pub(crate) async fn verify_in(
        &self,
        place: HashPlace,
        password: &str,
        stored: Option<&str>,
    ) -> Result<Verdict, AuthError> {
        let (reply, answer) = oneshot::channel();
        // Overlong passwords cannot be right; an empty one in their place does the same work in bounded time.
        let (password, stored) = if password.len() > MAX_PASSWORD_BYTES {
            ("", None)
        } else {
            (password, stored.map(str::to_owned))
        };
        place.take(Job::Verify {
            password: normalise(password),
            stored,
            salt: self.salt(),
            reply,
        });
        wait(answer).await
    }

    /// Runs other costly work on the password threads, which bounds it like the hashes.
    ///
    /// # Errors
    /// [`AuthError::Overloaded`] at once if the queue is full.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, AuthError> {
        let (reply, answer) = oneshot::channel();
        self.submit(Job::Run(Box::new(move || {
            if !reply.is_closed() {
                let _ = reply.send(work());
            }
        })))?;
        answer.await.map_err(AuthError::internal)
    }

    /// Takes a place in the queue before anything is looked up for the hash, so that who is turned away costs nothing.
    ///
    /// # Errors
    /// [`AuthError::Overloaded`] at once if there is none.
    pub(crate) fn reserve(&self) -> Result<HashPlace, AuthError> {
        let place = self.jobs.clone().try_reserve_owned();
        place.map(HashPlace).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => {
                counter!("vestibule_hash_rejected_total").increment(1);
                AuthError::Overloaded {
                    retry_after: self.jittered_delay(),
                }
            }
            mpsc::error::TrySendError::Closed(_) => {
                AuthError::internal("the hash threads have ended")
            }
        })
    }

    fn submit(&self, job: Job) -> Result<(), AuthError> {
        self.reserve()?.take(job);
        Ok(())
    }

    /// 1 to 3 s, so that those who were turned away do not come back together.
    fn jittered_delay(&self) -> Duration {
        let mut byte = [0];
        self.random.fill(&mut byte);
        Duration::from_secs(1 + u64::from(byte[0] % 3))
    }

    fn salt(&self) -> [u8; 16] {
        let mut salt = [0; 16];
        self.random.fill(&mut salt);
        salt
    }
}

async fn wait<T>(answer: oneshot::Receiver<Result<T, HashError>>) -> Result<T, AuthError> {
    let _span = tracing::debug_span!(target: TRACE_TARGET, "hash password");
    answer
        .await
        .map_err(AuthError::internal)?
        .map_err(AuthError::internal)
}

/// NFC, so that one password typed on two systems is one (NIST SP 800-63B-4, 3.1.1.2).
fn normalise(password: &str) -> Zeroizing<String> {
    Zeroizing::new(password.nfc().collect())
}

#[cfg(test)]
mod tests;
