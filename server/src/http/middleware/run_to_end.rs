use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use tokio_util::task::TaskTracker;
use vestibule_core::{Abandoned, ErrorCode};
use vestibule_web::Problem;

use super::request_spans::RequestSpans;
use crate::process::listener::Place;

/// Finishes what a client began and did not wait for, and the process waits for it too.
///
/// Inside the time limit it is for handlers: one that is dropped half-way, because the browser's
/// tab was closed, could leave a committed sign-out without the snapshots that it has to forget.
/// Around everything it is for the logs: a client that hangs up would
/// be in none of them, nor in the metrics and the audit log.
///
/// What has not begun when the client goes, or the time is up, is left: a password that waits for
/// its thread is neither hashed nor rated.
pub async fn run_to_end(
    State(tasks): State<TaskTracker>,
    mut request: Request,
    next: Next,
) -> Response {
    let spans = request.extensions_mut().remove::<RequestSpans>();
    let outer: Abandoned = request.extensions().get().cloned().unwrap_or_default();
    let (abandoned, _waiter) = outer.inner();
    request.extensions_mut().insert(abandoned);
    let place = request.extensions().get::<Place>().cloned();
    let work = spans.unwrap_or_default().around(next.run(request));
    let task = tasks.spawn(async move {
        let response = work.await;
        drop(place);
        response
    });
    match task.await {
        Ok(response) => response,
        Err(failed) => match failed.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Only a runtime that is being shut down cancels tasks.
            Err(_) => Problem::from(ErrorCode::Unavailable).into_response(),
        },
    }
}
