//! What a hash thread does.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Params, Version};
use zeroize::Zeroizing;

use super::engine::{Engine, HashError, Job};

/// A stored hash may ask for at most this much work: a foreign row cannot stop the service.
pub(super) const MAX_MEMORY_KIB: u32 = 64 * 1024;
pub(super) const MAX_PASSES: u32 = 10;
const MAX_LANES: u32 = 16;
const MAX_BCRYPT_COST: u32 = 14;

/// What a check of a password found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Wrong,
    Right,
    /// Right, and stored in an outdated form; this is the new one.
    RightWithNewHash(String),
}

/// One hash thread with its memory.
pub(crate) struct Worker {
    pub params: Params,
    pub engine: Engine,
    /// Held while an imported hash is checked that needs more memory than new hashes.
    pub oversize: Arc<Mutex<()>>,
    pub hashes: Arc<AtomicU64>,
}

impl Worker {
    pub fn hash(&mut self, password: &str, salt: &[u8]) -> Result<String, HashError> {
        let params = self.params.clone();
        let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
        let job = Job {
            algorithm: Algorithm::Argon2id,
            version: Version::V0x13,
            params: &params,
            password: password.as_bytes(),
            salt,
            secret: &[],
        };
        self.derive(&job, &mut output)?;
        let hash = PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&params)?,
            salt: Some(Salt::new(salt)?),
            hash: Some(Output::new(&output)?),
        };
        Ok(hash.to_string())
    }

    pub fn verify(
        &mut self,
        password: &str,
        stored: Option<&str>,
        salt: &[u8],
    ) -> Result<Verdict, HashError> {
        let Some(stored) = stored else {
            self.hash(password, salt)?;
            return Ok(Verdict::Wrong);
        };
        let (is_right, is_current) = self.check(password, stored)?;
        match (is_right, is_current) {
            (true, true) => Ok(Verdict::Right),
            (true, false) => Ok(Verdict::RightWithNewHash(self.hash(password, salt)?)),
            // A wrong password takes as long for an older, cheaper hash, which an attacker must not
            // be able to tell by the time.
            (false, false) if self.is_cheaper(stored) => {
                self.hash(password, salt).map(|_| Verdict::Wrong)
            }
            (false, _) => Ok(Verdict::Wrong),
        }
    }

    /// Whether the password is right, and whether the stored form is the one that is written today.
    fn check(&mut self, password: &str, stored: &str) -> Result<(bool, bool), HashError> {
        if stored.starts_with("$2") {
            // bcrypt looks at 72 bytes: a longer password was not checked whole,
            // so what was typed must not replace it.
            return Ok((verify_bcrypt(password, stored), password.len() > 72));
        }
        let Ok(parsed) = PasswordHash::new(stored) else {
            return Ok((false, false));
        };
        let is_right = self.verify_argon2(password, &parsed)?;
        let is_current = parsed.algorithm == Algorithm::Argon2id.ident()
            && parsed.version == Some(Version::V0x13.into())
            && Params::try_from(&parsed).is_ok_and(|params| {
                (params.m_cost(), params.t_cost(), params.p_cost())
                    == (
                        self.params.m_cost(),
                        self.params.t_cost(),
                        self.params.p_cost(),
                    )
            });
        Ok((is_right, is_current))
    }

    /// `false` also for a stored hash that cannot be computed, or costs too much.
    fn verify_argon2(&mut self, password: &str, stored: &PasswordHash) -> Result<bool, HashError> {
        let Some((algorithm, version, params)) = cost_of(stored) else {
            return Ok(false);
        };
        let (Some(expected), Some(salt)) = (stored.hash, stored.salt.as_ref()) else {
            return Ok(false);
        };
        let mut output = Zeroizing::new(vec![0; expected.len()]);
        let job = Job {
            algorithm,
            version,
            params: &params,
            password: password.as_bytes(),
            salt: salt.as_ref(),
            secret: &[],
        };
        match self.derive(&job, &mut output) {
            Err(error) if error.is_out_of_memory() => Err(error),
            Err(_) => Ok(false),
            Ok(()) => Ok(aws_lc_rs::constant_time::verify_slices_are_equal(
                &output,
                expected.as_bytes(),
            )
            .is_ok()),
        }
    }

    /// Runs Argon2 in the thread's own memory, which is wiped afterwards, or in memory that is
    /// wiped and freed where the job needs more.
    fn derive(&mut self, job: &Job<'_>, output: &mut [u8]) -> Result<(), HashError> {
        self.hashes.fetch_add(1, Ordering::Relaxed);
        if job.params.block_count() <= self.params.block_count() {
            return self.engine.derive(job, output);
        }
        let _one_at_a_time = self.oversize.lock().unwrap_or_else(PoisonError::into_inner);
        Engine::new(self.engine.kind()).derive(job, output)
    }

    /// Whether the stored hash costs less to check than a new one.
    fn is_cheaper(&self, stored: &str) -> bool {
        /// A bcrypt check of this cost takes about as long as an Argon2id run at the floor.
        const COMPARABLE_BCRYPT_COST: u32 = 8;
        if let Some(cost) = bcrypt_cost(stored) {
            return cost < COMPARABLE_BCRYPT_COST;
        }
        let work = |params: &Params| u64::from(params.m_cost()) * u64::from(params.t_cost());
        let params = PasswordHash::new(stored)
            .ok()
            .and_then(|parsed| Params::try_from(&parsed).ok());
        params.is_none_or(|params| {
            work(&params) < work(&self.params) || params.m_cost() > MAX_MEMORY_KIB
        })
    }
}

/// How a stored hash is computed; `None` for one that nothing here computes,
/// or that costs more than a stored hash may.
fn cost_of(stored: &PasswordHash) -> Option<(Algorithm, Version, Params)> {
    let algorithm = Algorithm::try_from(stored.algorithm.as_str()).ok()?;
    let version = stored.version.map_or(Ok(Version::V0x10), Version::try_from);
    let params = Params::try_from(stored).ok()?;
    let is_affordable = params.m_cost() <= MAX_MEMORY_KIB
        && params.t_cost() <= MAX_PASSES
        && params.p_cost() <= MAX_LANES;
    is_affordable.then_some((algorithm, version.ok()?, params))
}

fn bcrypt_cost(stored: &str) -> Option<u32> {
    let cost = stored.strip_prefix("$2")?.split('$').nth(1)?;
    cost.parse().ok()
}

fn verify_bcrypt(password: &str, stored: &str) -> bool {
    bcrypt_cost(stored).is_some_and(|cost| cost <= MAX_BCRYPT_COST)
        && bcrypt::verify(password, stored).unwrap_or(false)
}
