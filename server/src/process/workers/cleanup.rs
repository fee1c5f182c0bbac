//! Deletes what has expired.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use vestibule_core::{Auth, AuthError, CleanupRun, Removed, Retention};

/// How often expired rows are looked for.
const CLEANUP_INTERVAL: Duration = Duration::from_mins(1);
/// The pause after each part of a cleanup, which leaves the database to requests.
const CLEANUP_PAUSE: Duration = Duration::from_millis(50);

/// Deletes what has expired, until cancelled.
pub async fn clean_up(auth: Arc<Auth>, retention: Retention, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let mut run = auth.plan_cleanup(&retention);
        if let Err(error) = clean_up_once(&auth, &mut run, &stop).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "expired rows were not deleted"
            );
        }
        let removed = run.removed();
        if removed != Removed::default() {
            tracing::info!(
                accounts = removed.accounts,
                sessions = removed.sessions,
                mailed_tokens = removed.mailed_tokens,
                mails = removed.mails,
                signing_keys = removed.signing_keys,
                events = removed.events,
                form_submissions = removed.form_submissions,
                app_sessions = removed.app_sessions,
                spent_codes = removed.spent_codes,
                "deleted expired rows"
            );
        }
        stop.run_until_cancelled(sleep(CLEANUP_INTERVAL)).await;
    }
}

async fn clean_up_once(
    auth: &Auth,
    run: &mut CleanupRun,
    stop: &CancellationToken,
) -> Result<(), AuthError> {
    while auth.clean_up(run).await? {
        if stop.is_cancelled() {
            return auth.leave_cleanup(run).await;
        }
        sleep(CLEANUP_PAUSE).await;
    }
    Ok(())
}
