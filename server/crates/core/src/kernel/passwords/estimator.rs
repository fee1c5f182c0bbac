//! Estimates of how strong new passwords are, on a thread of their own: whatever is asked of it,
//! sign-ins go on.

use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use crate::kernel::abandon::Abandoned;
use crate::kernel::errors::AuthError;
use crate::kernel::passwords::hasher::{HashSettings, overloaded};
use crate::kernel::passwords::policy::{PasswordPolicy, PasswordStrength};
use crate::kernel::passwords::pool::{Full, Pool, PoolMetrics, PoolSettings, Urgency};
use crate::kernel::ports::Random;

const SETTINGS: PoolSettings = PoolSettings {
    threads: 1,
    max_waiting: 1_000,
    max_wait: HashSettings::MAX_WAIT,
    first_guess: Duration::from_millis(3),
    metrics: PoolMetrics {
        wait: "vestibule_strength_wait_seconds",
        duration: "vestibule_strength_duration_seconds",
        rejected: "vestibule_strength_rejected_total",
    },
};

/// The thread and the queue before it.
#[derive(Clone)]
pub(crate) struct Estimator {
    pool: Pool<()>,
    random: Arc<dyn Random>,
}

impl Estimator {
    /// Starts the thread.
    ///
    /// # Errors
    /// If the system gives none.
    pub fn start(random: Arc<dyn Random>) -> std::io::Result<Self> {
        let pool = Pool::start("strength", SETTINGS, || ())?;
        Ok(Self { pool, random })
    }

    /// Estimates that wait for the thread.
    pub fn waiting(&self) -> usize {
        self.pool.waiting()
    }

    /// What the rules say of a password. Only what needs an estimate waits for the thread.
    ///
    /// # Errors
    /// [`AuthError::Overloaded`] at once if it would wait too long; [`AuthError::Abandoned`].
    pub async fn rate(
        &self,
        urgency: Urgency,
        policy: &PasswordPolicy,
        password: &SecretString,
        own_words: Vec<String>,
        abandoned: &Abandoned,
    ) -> Result<PasswordStrength, AuthError> {
        if let Some(strength) = policy.refused_at_once(password.expose_secret()) {
            return Ok(strength);
        }
        let place = self.pool.reserve(urgency);
        let place = place.map_err(|Full| overloaded(&*self.random))?;
        let (policy, password) = (policy.clone(), password.clone());
        let work = move |(): &mut ()| {
            let own_words: Vec<&str> = own_words.iter().map(String::as_str).collect();
            policy.strength(password.expose_secret(), &own_words)
        };
        self.pool.run(place, abandoned, work).await
    }
}
