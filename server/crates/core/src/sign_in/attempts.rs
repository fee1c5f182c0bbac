//! Counting password entries: only failures count, and they are
//! taken before the hash, so that parallel guesses cannot pass.

use uuid::Uuid;

use crate::auth::Auth;
use crate::kernel::audit::AuditEvent;
use crate::kernel::call::RequestMeta;
use crate::kernel::errors::AuthError;
use crate::kernel::limits::{AttemptKey, SIGN_IN_NETWORK};
use crate::kernel::ports::Charge;

/// What one password entry was charged.
pub(crate) struct Attempt(Vec<Charge>);

impl Auth {
    /// Counts one password entry against the client's network alone, before anything is looked up
    /// for it.
    pub(crate) async fn take_network(&self, meta: &RequestMeta) -> Result<Attempt, AuthError> {
        let charges = self.network_charges(SIGN_IN_NETWORK, meta);
        self.take_for(&charges, AuditEvent::LoginLimited, None, meta)
            .await?;
        Ok(Attempt(charges))
    }

    /// Counts one password entry against the account and, if that was not done, a stranger's
    /// network, before it is checked. A known browser is bounded by limits of its
    /// own: another client in an office must not keep owners out of their accounts.
    pub(crate) async fn take_attempt(
        &self,
        network: Option<Attempt>,
        attempt_key: &AttemptKey<'_>,
        user_id: Option<Uuid>,
        meta: &RequestMeta,
    ) -> Result<Attempt, AuthError> {
        let mut charges = attempt_key.charges();
        if matches!(attempt_key, AttemptKey::Unknown(_)) && network.is_none() {
            charges.extend(self.network_charges(SIGN_IN_NETWORK, meta));
        }
        let taken = self
            .take_for(&charges, AuditEvent::LoginLimited, user_id, meta)
            .await;
        match (taken, network) {
            (Ok(()), network) => {
                charges.extend(network.into_iter().flat_map(|attempt| attempt.0));
                Ok(Attempt(charges))
            }
            (Err(error), Some(network)) => {
                // A refused request entered no password.
                self.return_attempt(&network).await;
                Err(error)
            }
            (Err(error), None) => Err(error),
        }
    }

    /// The entry was no failure: it does not count.
    pub(crate) async fn return_attempt(&self, attempt: &Attempt) {
        self.give_back(&attempt.0).await;
    }
}
