//! Whether the process lives, and whether it can serve.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::{StatusCode, header};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use vestibule_core::Auth;

/// What readiness depends on.
#[derive(Clone)]
pub struct Health {
    pub auth: Arc<Auth>,
    /// Cancelled once the process was asked to stop.
    pub stopping: CancellationToken,
}

/// `/health/live` needs nothing; `/health/ready` and `/health` name each dependency.
pub fn router<S: Clone + Send + Sync + 'static>(health: Health) -> Router<S> {
    Router::new()
        .route("/health", get(ready))
        .route("/health/ready", get(ready))
        .route("/health/live", get(live))
        .with_state(health)
}

async fn live() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

async fn ready(State(health): State<Health>) -> Response {
    if health.stopping.is_cancelled() {
        return unready(json!({ "status": "stopping" }));
    }
    match health.auth.ping().await {
        Ok(()) => {
            Json(json!({ "status": "ok", "dependencies": { "database": "ok" } })).into_response()
        }
        Err(error) => {
            let code = error.code();
            tracing::warn!(
                kind = ?code.kind(),
                %code,
                error = &error as &dyn std::error::Error,
                "the database does not answer"
            );
            unready(
                json!({ "status": "unavailable", "dependencies": { "database": "unavailable" } }),
            )
        }
    }
}

fn unready(body: Value) -> Response {
    let headers = [(header::RETRY_AFTER, "5")];
    (StatusCode::SERVICE_UNAVAILABLE, headers, Json(body)).into_response()
}
