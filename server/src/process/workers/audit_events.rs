//! Writes the audit events that requests left to be written later.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use vestibule_core::Auth;

/// How often events that belong to no other write are written:
/// about as soon as it could be seen.
const WRITE_INTERVAL: Duration = Duration::from_millis(200);
/// How long the end of the process waits for the last of them.
const LAST_WRITE_TIME: Duration = Duration::from_secs(3);
/// The longest pause while the database is away.
const MAX_PAUSE: Duration = Duration::from_secs(4);

/// Writes what requests left to be written later, until cancelled; [`write_last`] does the rest.
pub async fn write_due(auth: Arc<Auth>, stop: CancellationToken) {
    let mut pause = WRITE_INTERVAL;
    while stop.run_until_cancelled(sleep(pause)).await.is_some() {
        pause = match auth.write_due().await {
            Ok(_) => WRITE_INTERVAL,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "audit events cannot be written and wait"
                );
                (pause * 2).min(MAX_PAUSE)
            }
        };
    }
}

/// Writes what the last requests left, once they are answered.
pub async fn write_last(auth: &Auth) {
    let written = tokio::time::timeout(LAST_WRITE_TIME, auth.write_deferred()).await;
    if !matches!(written, Ok(Ok(_))) {
        tracing::error!("the last audit events were not written: the database is out of reach");
    }
}
