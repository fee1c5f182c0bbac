//! Keeps the workers alive, or ends the process: never half alive.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// The pause before a worker is started again; twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// A worker that has run this long was healthy.
const HEALTHY_AFTER: Duration = Duration::from_mins(1);
/// A worker that ended so often without having been healthy does not recover by itself.
const MAX_FAILURES: u32 = 5;

/// A worker that does not stay alive.
#[derive(Debug, PartialEq, Eq)]
pub struct Lost;

/// Runs a worker until `stop`, and starts it again when it panics or ends before that.
///
/// # Errors
/// [`Lost`] if it ended five times in a row within a minute of its start.
pub async fn keep_running<W>(
    name: &'static str,
    stop: &CancellationToken,
    start: impl Fn() -> W,
) -> Result<(), Lost>
where
    W: Future<Output = ()> + Send + 'static,
{
    let mut failures = 0;
    loop {
        let started = Instant::now();
        let ended = tokio::spawn(start()).await;
        if stop.is_cancelled() {
            return Ok(());
        }
        if started.elapsed() >= HEALTHY_AFTER {
            failures = 0;
        }
        failures += 1;
        // What it panicked with is in the line of the panic hook.
        tracing::error!(
            worker = name,
            panicked = ended.is_err(),
            failures,
            "a worker ended"
        );
        if failures == MAX_FAILURES {
            return Err(Lost);
        }
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(FIRST_PAUSE * 2_u32.pow(failures - 1)) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    /// A worker that ends as `run` says, each time it is started, with the count of its starts.
    async fn supervise<W>(
        stop: &CancellationToken,
        run: impl Fn(u32) -> W,
    ) -> (Result<(), Lost>, u32, Duration)
    where
        W: Future<Output = ()> + Send + 'static,
    {
        let starts = Arc::new(AtomicU32::new(0));
        let began = Instant::now();
        let start = || run(starts.fetch_add(1, Ordering::Relaxed) + 1);
        let result = keep_running("test", stop, start).await;
        (result, starts.load(Ordering::Relaxed), began.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn a_worker_that_panics_is_started_again_and_given_up_in_the_end() {
        let stop = CancellationToken::new();
        let (result, starts, took) = supervise(&stop, |_| async { panic!("on purpose") }).await;
        assert_eq!((result, starts), (Err(Lost), 5));
        assert_eq!(took.as_secs(), 1 + 2 + 4 + 8);
    }

    #[tokio::test(start_paused = true)]
    async fn a_worker_that_ends_is_no_better_than_one_that_panics() {
        let (result, starts, _) = supervise(&CancellationToken::new(), |_| async {}).await;
        assert_eq!((result, starts), (Err(Lost), 5));
    }

    #[tokio::test(start_paused = true)]
    async fn now_and_then_is_not_in_a_row() {
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let run = move |start| {
            let stop = stopped.clone();
            async move {
                tokio::time::sleep(HEALTHY_AFTER).await;
                if start == 12 {
                    stop.cancel();
                }
                panic!("on purpose");
            }
        };
        let (result, starts, _) = supervise(&stop, run).await;
        assert_eq!((result, starts), (Ok(()), 12));
    }

    #[tokio::test(start_paused = true)]
    async fn a_worker_is_not_started_again_when_all_stops() {
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let run = move |_| {
            let stop = stopped.clone();
            async move { stop.cancelled().await }
        };
        let end = async {
            tokio::time::sleep(Duration::from_millis(1)).await;
            stop.cancel();
        };
        let ((result, starts, _), ()) = tokio::join!(supervise(&stop, run), end);
        assert_eq!((result, starts), (Ok(()), 1));
    }
}
