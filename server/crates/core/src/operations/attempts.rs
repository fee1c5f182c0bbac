//! Counting password entries: only failures count, and they are taken before the hash, so that parallel guesses cannot pass.

use serde_json::json;
use uuid::Uuid;

use crate::audit::AuditEvent;
use crate::auth::{Auth, RequestMeta};
use crate::error::AuthError;
use crate::limits::{Guesser, SIGN_IN_NETWORK};
use crate::ports::Charge;

/// What one password entry was charged.
pub(super) struct Attempt(Vec<Charge>);

impl Auth {
    /// Counts one password entry against the account and the caller's network, before it is checked.
    pub(super) async fn take_attempt(
        &self,
        guesser: &Guesser<'_>,
        user_id: Option<Uuid>,
        meta: &RequestMeta,
    ) -> Result<Attempt, AuthError> {
        let mut charges = guesser.charges();
        charges.push(SIGN_IN_NETWORK.of(&meta.network()));
        let taken = self.take_quietly(&charges).await;
        if matches!(taken, Err(AuthError::RateLimited { .. })) {
            self.defer_audit(AuditEvent::LoginLimited, user_id, json!({}), meta);
        }
        taken.map(|()| Attempt(charges))
    }

    /// The entry was no failure: it does not count.
    pub(super) async fn return_attempt(&self, attempt: &Attempt) {
        self.give_back(&attempt.0).await;
    }
}
