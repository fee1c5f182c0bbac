//! What operators watch of the state: what waits, and how much there is.

use metrics::gauge;

use crate::auth::Auth;
use crate::kernel::AuthError;

impl Auth {
    /// Sets the gauges of what this process holds.
    pub fn report_state(&self) {
        let now = self.core.clock.now();
        gauge!("vestibule_hash_queue_depth").set(as_f64(self.core.hasher.waiting()));
        gauge!("vestibule_strength_queue_depth").set(as_f64(self.core.estimator.waiting()));
        gauge!("vestibule_audit_events_waiting").set(as_f64(self.core.write_behind.len()));
        if let Some(since) = self.signer.signing_since(now) {
            gauge!("vestibule_signing_key_age_seconds").set((now - since).as_seconds_f64());
        }
    }

    /// Sets the gauges of what the database holds; every replica reports the same.
    ///
    /// # Errors
    /// Those of the store; the gauges keep their last values.
    pub async fn report_counts(&self) -> Result<(), AuthError> {
        let now = self.core.clock.now();
        let mut store = self.core.store.reader().await?;
        let queue = store.mail_queue().await?;
        let oldest = queue.oldest.map_or(0.0, |at| (now - at).as_seconds_f64());
        gauge!("vestibule_mail_queue_depth").set(as_f64(queue.waiting));
        gauge!("vestibule_mail_oldest_seconds").set(oldest.max(0.0));
        let counts = store.counts(now).await?;
        gauge!("vestibule_users").set(as_f64(counts.users));
        gauge!("vestibule_users_verified").set(as_f64(counts.verified_users));
        gauge!("vestibule_sessions_active").set(as_f64(counts.active_sessions));
        Ok(())
    }
}

/// Exact up to 2^53, far beyond any count.
#[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
fn as_f64(count: impl TryInto<u64>) -> f64 {
    count.try_into().unwrap_or(u64::MAX) as f64
}
