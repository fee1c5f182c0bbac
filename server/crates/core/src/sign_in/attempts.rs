//! Counting password entries: only failures count, and they are
//! taken before the hash, so that parallel guesses cannot pass.

use uuid::Uuid;

use crate::kernel::limits::{AttemptKey, SIGN_IN_NETWORK};
use crate::kernel::ports::Charge;
use crate::kernel::{AuditEvent, AuthError, Call};

/// What one password entry was charged.
pub(crate) struct Attempt(Vec<Charge>);

impl Attempt {
    /// Counts one password entry against the client's network alone, before anything is looked up
    /// for it.
    pub async fn of_network(call: &Call<'_>) -> Result<Self, AuthError> {
        let charges = call.network_charges(SIGN_IN_NETWORK);
        call.take_for(&charges, AuditEvent::LoginLimited, None)
            .await?;
        Ok(Self(charges))
    }

    /// Counts one password entry against the account and, if that was not done, a stranger's
    /// network, before it is checked. A known browser is bounded by limits of its
    /// own: another client in an office must not keep owners out of their accounts.
    pub async fn take(
        call: &Call<'_>,
        network: Option<Self>,
        attempt_key: &AttemptKey<'_>,
        user_id: Option<Uuid>,
    ) -> Result<Self, AuthError> {
        let mut charges = attempt_key.charges();
        if matches!(attempt_key, AttemptKey::Unknown(_)) && network.is_none() {
            charges.extend(call.network_charges(SIGN_IN_NETWORK));
        }
        let taken = call
            .take_for(&charges, AuditEvent::LoginLimited, user_id)
            .await;
        if let (Err(_), Some(network)) = (&taken, &network) {
            // A refused request entered no password.
            network.give_back(call).await;
        }
        taken?;
        charges.extend(network.into_iter().flat_map(|attempt| attempt.0));
        Ok(Self(charges))
    }

    /// The entry was no failure: it does not count.
    pub async fn give_back(&self, call: &Call<'_>) {
        call.give_back(&self.0).await;
    }
}
