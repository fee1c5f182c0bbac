//! What runs beside the requests.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use vestibule_core::Auth;
use vestibule_core::ports::Mailer;

/// How often the outbox is looked at when there was nothing in it.
const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// How often accounts that are due for deletion are looked for.
const PURGE_INTERVAL: Duration = Duration::from_mins(1);
/// Accounts that are deleted without a look at whether to stop.
const PURGE_BATCH: u32 = 20;
/// The longest pause while the database is away.
const MAX_PAUSE: Duration = Duration::from_secs(10);

/// Delivers mails until told to stop; the one being sent is finished.
pub async fn deliver_mails(auth: Arc<Auth>, mailer: Arc<dyn Mailer>, stop: CancellationToken) {
    let mut pause = POLL_INTERVAL;
    while !stop.is_cancelled() {
        match auth.deliver_next_mail(&*mailer).await {
            Ok(true) => {
                pause = POLL_INTERVAL;
                continue;
            }
            Ok(false) => pause = POLL_INTERVAL,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the outbox cannot be read"
                );
                pause = (pause * 2).min(MAX_PAUSE);
            }
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Deletes accounts whose time is over until told to stop.
pub async fn purge_accounts(auth: Arc<Auth>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        match auth.purge_deleted_accounts(PURGE_BATCH).await {
            Ok(0) => {}
            Ok(purged) => {
                tracing::info!(purged, "accounts were deleted for good");
                if purged == PURGE_BATCH {
                    continue;
                }
            }
            Err(error) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "accounts that are due for deletion were not deleted"
            ),
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(PURGE_INTERVAL) => {}
        }
    }
}
