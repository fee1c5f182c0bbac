//! Keeps up with the signing keys.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use vestibule_core::Auth;

/// How often the signing keys are loaded anew: some times
/// in the minute that a new key waits at least.
const KEYS_INTERVAL: Duration = Duration::from_secs(10);

/// Loads the keys, which operators rotate while the portal runs, until cancelled.
pub async fn follow(auth: Arc<Auth>, stop: CancellationToken) {
    while stop
        .run_until_cancelled(sleep(KEYS_INTERVAL))
        .await
        .is_some()
    {
        if let Err(error) = auth.reload_signing_keys().await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the signing keys cannot be loaded: those of before are used"
            );
        }
    }
}
