//! Answers whose time does not say whether an address is known.

use std::time::Duration;

use tokio::time::Instant;

/// An answer that must not distinguish known from unknown addresses is given at the end of such a
/// step.
const TIME_STEP: Duration = Duration::from_millis(100);

/// Runs an operation so that it answers at the next step of a grid of [`TIME_STEP`]. The work
/// itself has the same shape for both cases: as many writing transactions, which wait for other
/// writers alike. What is left between them, a statement or two, is lost in the step.
pub(crate) async fn in_uniform_time<T>(operation: impl Future<Output = T>) -> T {
    let started = Instant::now();
    let result = operation.await;
    let steps = started.elapsed().as_nanos() / TIME_STEP.as_nanos() + 1;
    let steps = u32::try_from(steps).unwrap_or(u32::MAX);
    tokio::time::sleep_until(started + TIME_STEP * steps).await;
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_answer_comes_at_the_next_step_of_the_grid() {
        for (work, answer) in [
            (0, 100),
            (1, 100),
            (99, 100),
            (102, 200),
            (148, 200),
            (207, 300),
        ] {
            let started = Instant::now();
            let operation = tokio::time::sleep(Duration::from_millis(work));
            in_uniform_time(operation).await;
            let took = started.elapsed().as_millis();
            assert!((answer..=answer + 1).contains(&took), "{work}: {took}");
        }
    }
}
