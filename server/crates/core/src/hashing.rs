//! Password hashing on threads of its own.
//!
//! Each thread reuses one block of memory, and a bounded queue stands before them: memory never exceeds
//! `threads x m`, and a full queue is an answer (503) instead of a wait. See ADR 0006.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use tokio::sync::{mpsc, oneshot};
use unicode_normalization::UnicodeNormalization;
use zeroize::{Zeroize, Zeroizing};

use crate::error::AuthError;
use crate::ports::Random;

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

/// The hash threads and the queue before them. They end when the last clone is dropped.
#[derive(Clone)]
pub struct PasswordHasher {
    jobs: mpsc::Sender<Job>,
    random: Arc<dyn Random>,
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
        for number in 0..settings.threads.max(1) {
            let queue = Arc::clone(&queue);
            let mut worker = Worker {
                params: params.clone(),
                memory: Vec::new(),
            };
            std::thread::Builder::new()
                .name(format!("hash-{number}"))
                .spawn(move || worker.run(&queue))?;
        }
        Ok(Self { jobs, random })
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
        let (reply, answer) = oneshot::channel();
        // Overlong passwords cannot be right; an empty one in their place does the same work in bounded time.
        let (password, stored) = if password.len() > MAX_PASSWORD_BYTES {
            ("", None)
        } else {
            (password, stored.map(str::to_owned))
        };
        self.submit(Job::Verify {
            password: normalise(password),
            stored,
            salt: self.salt(),
            reply,
        })?;
        wait(answer).await
    }

    fn submit(&self, job: Job) -> Result<(), AuthError> {
        self.jobs.try_send(job).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => AuthError::Overloaded {
                retry_after: self.jittered_delay(),
            },
            mpsc::error::TrySendError::Closed(_) => {
                AuthError::internal("the hash threads have ended")
            }
        })
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
    answer
        .await
        .map_err(AuthError::internal)?
        .map_err(AuthError::internal)
}

/// NFC, so that one password typed on two systems is one (NIST SP 800-63B-4, 3.1.1.2).
fn normalise(password: &str) -> Zeroizing<String> {
    Zeroizing::new(password.nfc().collect())
}

/// One hash thread with its memory.
struct Worker {
    params: Params,
    memory: Vec<Block>,
}

impl Worker {
    fn run(&mut self, queue: &Mutex<mpsc::Receiver<Job>>) {
        loop {
            let job = match queue.lock() {
                Ok(mut queue) => queue.blocking_recv(),
                Err(_) => return,
            };
            match job {
                None => return,
                // A caller that has gone away needs no hash.
                Some(Job::Hash { reply, .. }) if reply.is_closed() => {}
                Some(Job::Verify { reply, .. }) if reply.is_closed() => {}
                Some(Job::Hash {
                    password,
                    salt,
                    reply,
                }) => {
                    let _ = reply.send(self.hash(&password, &salt));
                }
                Some(Job::Verify {
                    password,
                    stored,
                    salt,
                    reply,
                }) => {
                    let _ = reply.send(self.verify(&password, stored.as_deref(), &salt));
                }
            }
        }
    }

    fn hash(&mut self, password: &str, salt: &[u8]) -> Result<String, HashError> {
        let params = self.params.clone();
        let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
        self.derive(
            Algorithm::Argon2id,
            Version::V0x13,
            params.clone(),
            password,
            salt,
            &mut output,
        )?;
        let hash = PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&params)?,
            salt: Some(Salt::new(salt)?),
            hash: Some(Output::new(&output)?),
        };
        Ok(hash.to_string())
    }

    fn verify(
        &mut self,
        password: &str,
        stored: Option<&str>,
        salt: &[u8],
    ) -> Result<Verdict, HashError> {
        let Some(stored) = stored else {
            self.hash(password, salt)?;
            return Ok(Verdict::Wrong);
        };
        let (is_right, is_current) = self.check(password, stored);
        match (is_right, is_current) {
            (true, true) => Ok(Verdict::Right),
            (false, true) => Ok(Verdict::Wrong),
            (true, false) => Ok(Verdict::RightWithNewHash(self.hash(password, salt)?)),
            // The work of the rehash is done either way: an account with an older hash does not answer faster.
            (false, false) => self.hash(password, salt).map(|_| Verdict::Wrong),
        }
    }

    /// Whether the password is right, and whether the stored form is the one that is written today.
    fn check(&mut self, password: &str, stored: &str) -> (bool, bool) {
        if stored.starts_with("$2") {
            return (verify_bcrypt(password, stored), false);
        }
        let Ok(parsed) = PasswordHash::new(stored) else {
            return (false, false);
        };
        let is_right = self.verify_argon2(password, &parsed).unwrap_or(false);
        let is_current = parsed.algorithm == Algorithm::Argon2id.ident()
            && Params::try_from(&parsed).is_ok_and(|params| {
                (params.m_cost(), params.t_cost(), params.p_cost())
                    == (
                        self.params.m_cost(),
                        self.params.t_cost(),
                        self.params.p_cost(),
                    )
            });
        (is_right, is_current)
    }

    fn verify_argon2(&mut self, password: &str, stored: &PasswordHash) -> Option<bool> {
        let algorithm = Algorithm::try_from(stored.algorithm.as_str()).ok()?;
        let version = stored
            .version
            .map_or(Ok(Version::V0x10), Version::try_from)
            .ok()?;
        let params = Params::try_from(stored).ok()?;
        if params.m_cost() > MAX_MEMORY_KIB
            || params.t_cost() > MAX_PASSES
            || params.p_cost() > MAX_LANES
        {
            return None;
        }
        let expected = stored.hash?;
        let mut output = Zeroizing::new(vec![0; expected.len()]);
        self.derive(
            algorithm,
            version,
            params,
            password,
            stored.salt?.as_ref(),
            &mut output,
        )
        .ok()?;
        Some(
            aws_lc_rs::constant_time::verify_slices_are_equal(&output, expected.as_bytes()).is_ok(),
        )
    }

    /// Runs Argon2 in the thread's own memory, which is wiped afterwards.
    fn derive(
        &mut self,
        algorithm: Algorithm,
        version: Version,
        params: Params,
        password: &str,
        salt: &[u8],
        output: &mut [u8],
    ) -> Result<(), HashError> {
        let blocks = params.block_count();
        let own_blocks = self.params.block_count();
        if self.memory.len() < blocks {
            self.memory.resize(blocks, Block::default());
        }
        let argon2 = Argon2::new(algorithm, version, params);
        let result = argon2.hash_password_into_with_memory(
            password.as_bytes(),
            salt,
            output,
            &mut self.memory[..blocks],
        );
        for block in &mut self.memory[..blocks] {
            block.zeroize();
        }
        // A foreign hash may have asked for more than ours: give that back.
        if self.memory.len() > own_blocks {
            self.memory.truncate(own_blocks);
            self.memory.shrink_to_fit();
        }
        Ok(result?)
    }
}

fn verify_bcrypt(password: &str, stored: &str) -> bool {
    let cost = stored
        .split('$')
        .nth(2)
        .and_then(|cost| cost.parse::<u32>().ok());
    cost.is_some_and(|cost| cost <= MAX_BCRYPT_COST)
        && bcrypt::verify(password, stored).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::SystemRandom;

    fn hasher(threads: usize, queue: usize) -> PasswordHasher {
        let settings = HashSettings {
            threads,
            queue,
            ..HashSettings::default()
        };
        PasswordHasher::start(settings, Arc::new(SystemRandom)).unwrap()
    }

    #[tokio::test]
    async fn a_password_is_right_exactly_as_typed() {
        let hasher = hasher(1, 8);
        let long = "x".repeat(130);
        let stored = hasher.hash(&long).await.unwrap();
        assert!(
            stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{stored}"
        );
        assert_eq!(
            hasher.verify(&long, Some(&stored)).await.unwrap(),
            Verdict::Right
        );
        for position in [0, 71, 72, 128, 129] {
            let mut other: Vec<char> = long.chars().collect();
            other[position] = 'y';
            let other: String = other.into_iter().collect();
            assert_eq!(
                hasher.verify(&other, Some(&stored)).await.unwrap(),
                Verdict::Wrong
            );
        }
        assert_eq!(
            hasher
                .verify(&format!("{long} "), Some(&stored))
                .await
                .unwrap(),
            Verdict::Wrong
        );
    }

    #[tokio::test]
    async fn composed_and_decomposed_letters_are_one_password() {
        let hasher = hasher(1, 8);
        let stored = hasher.hash("caf\u{e9} au lait").await.unwrap();
        assert_eq!(
            hasher
                .verify("cafe\u{301} au lait", Some(&stored))
                .await
                .unwrap(),
            Verdict::Right
        );
    }

    #[tokio::test]
    async fn foreign_hashes_verify_and_are_replaced() {
        let hasher = hasher(1, 8);
        let bcrypt = bcrypt::hash("correct horse", 4).unwrap();
        // An Argon2i hash of "password" with other parameters, from the reference implementation's test suite.
        let argon2i =
            "$argon2i$v=19$m=256,t=2,p=2$c29tZXNhbHQ$T/XOJ2mh1/TIpJHfCdQan76Q5esCFVoT5MAeIM1Oq2E";
        for (password, stored) in [("correct horse", bcrypt.as_str()), ("password", argon2i)] {
            let Verdict::RightWithNewHash(new) =
                hasher.verify(password, Some(stored)).await.unwrap()
            else {
                panic!("{stored} did not verify")
            };
            assert_eq!(
                hasher.verify(password, Some(&new)).await.unwrap(),
                Verdict::Right
            );
            assert_eq!(
                hasher.verify("another", Some(stored)).await.unwrap(),
                Verdict::Wrong
            );
        }
    }

    #[tokio::test]
    async fn a_stored_hash_that_asks_for_too_much_is_wrong() {
        let hasher = hasher(1, 8);
        for stored in [
            "$argon2id$v=19$m=4194304,t=1,p=1$c29tZXNhbHQ$T/XOJ2mh1/TIpJHfCdQan76Q5esCFVoT5MAeIM1Oq2E",
            "",
            "x",
        ] {
            assert_eq!(
                hasher.verify("password", Some(stored)).await.unwrap(),
                Verdict::Wrong
            );
        }
    }

    #[tokio::test]
    async fn a_full_queue_is_an_answer() {
        let hasher = hasher(1, 1);
        let answers: Vec<_> = (0..8).map(|_| hasher.verify("x", None)).collect();
        let mut pending: Vec<_> = answers.into_iter().map(Box::pin).collect();
        let mut refused = 0;
        for answer in &mut pending {
            let poll =
                std::future::poll_fn(|cx| std::task::Poll::Ready(answer.as_mut().poll(cx))).await;
            if let std::task::Poll::Ready(Err(AuthError::Overloaded { retry_after })) = poll {
                assert!((1..=3).contains(&retry_after.as_secs()));
                refused += 1;
            }
        }
        assert!(refused >= 5, "{refused} of 8 were refused");
    }

    #[test]
    fn the_floor_is_the_one_of_owasp() {
        let at = |memory_kib, passes| {
            HashSettings {
                memory_kib,
                passes,
                ..HashSettings::default()
            }
            .reaches_floor()
        };
        assert!(at(19_456, 2) && at(47_104, 1) && at(12_288, 3));
        assert!(!at(19_455, 2) && !at(19_456, 1) && !at(8_192, 4) && !at(1 << 21, 2));
    }
}
