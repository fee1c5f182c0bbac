//! Whether the process lives, and whether it can serve.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::{StatusCode, header};
use serde_json::json;
use vestibule_core::Auth;

/// `/health/live` needs nothing; `/health/ready` and `/health` name each dependency.
pub fn router<S: Clone + Send + Sync + 'static>(auth: Arc<Auth>) -> Router<S> {
    Router::new()
        .route("/health", get(ready))
        .route("/health/ready", get(ready))
        .route("/health/live", get(live))
        .with_state(auth)
}

async fn live() -> Json<serde_json::Value> {
    Json(json!({ "status": "ok" }))
}

async fn ready(State(auth): State<Arc<Auth>>) -> Response {
    match auth.ping().await {
        Ok(()) => {
            Json(json!({ "status": "ok", "dependencies": { "database": "ok" } })).into_response()
        }
        Err(error) => {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the database does not answer"
            );
            let body = Json(
                json!({ "status": "unavailable", "dependencies": { "database": "unavailable" } }),
            );
            (
                StatusCode::SERVICE_UNAVAILABLE,
                [(header::RETRY_AFTER, "5")],
                body,
            )
                .into_response()
        }
    }
}
