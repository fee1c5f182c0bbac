//! Keeps up with the signing keys.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use vestibule_core::{Auth, AuthError};

/// How often the signing keys are loaded anew: some times
/// in the minute that a new key waits at least.
const KEYS_INTERVAL: Duration = Duration::from_secs(10);

/// Loads the keys, which operators rotate while the portal runs, until cancelled.
pub async fn follow(auth: Arc<Auth>, stop: CancellationToken) {
    loop {
        // At once: a client of the settings file may need its first key.
        if let Err(error) = load(&auth).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the signing keys cannot be loaded: those of before are used"
            );
        }
        let pause = stop.run_until_cancelled(sleep(KEYS_INTERVAL));
        if pause.await.is_none() {
            return;
        }
    }
}

async fn load(auth: &Auth) -> Result<(), AuthError> {
    auth.reload_signing_keys().await?;
    auth.follow_app_keys().await
}
