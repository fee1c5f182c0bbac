//! Waiting, at the start, for a database that is not there yet.

use std::error::Error;
use std::time::Duration;

use vestibule_core::SystemRandom;
use vestibule_core::ports::Random as _;

/// How long the start waits before it asks again for a
/// database that is not there: at first, and at most.
const FIRST_RETRY: Duration = Duration::from_secs(1);
const LAST_RETRY: Duration = Duration::from_secs(4);

/// Asks a database that may not be up yet until it answers, and says so.
/// Replicas that start together do not ask together.
///
/// # Errors
/// The first that does not pass by itself, by `may_pass`.
pub async fn retry_until_up<T, E, F>(ask: impl Fn() -> F, may_pass: fn(&E) -> bool) -> Result<T, E>
where
    E: Error + 'static,
    F: Future<Output = Result<T, E>>,
{
    let mut pause = FIRST_RETRY;
    loop {
        match ask().await {
            Err(error) if may_pass(&error) => {
                let wait = SystemRandom.around(pause);
                tracing::warn!(
                    error = &error as &dyn Error,
                    wait_ms = wait.as_millis(),
                    "waiting for the database"
                );
                tokio::time::sleep(wait).await;
                pause = (2 * pause).min(LAST_RETRY);
            }
            answer => return answer,
        }
    }
}
