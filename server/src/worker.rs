//! What runs beside the requests.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use vestibule_core::Auth;
use vestibule_core::ports::Mailer;

/// How often the outbox is looked at when there was nothing in it.
const POLL_INTERVAL: Duration = Duration::from_millis(500);
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
