//! Whether the process lives, and whether it can serve.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::{StatusCode, header};
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use vestibule_cache::RedisLink;
use vestibule_core::{Alert, Auth};

/// How long an answer stands: a client that asks more often than probes do costs the database
/// nothing.
const GOOD_FOR: Duration = Duration::from_millis(250);

/// What readiness depends on.
#[derive(Clone)]
pub struct Health {
    auth: Arc<Auth>,
    /// Reported, and not needed: without it each replica goes on alone.
    redis: Option<RedisLink>,
    /// Cancelled once the process was asked to stop.
    stopping: CancellationToken,
    /// Held while dependencies are asked, so that everybody else waits for that answer.
    last: Arc<Mutex<Last>>,
}

#[derive(Default)]
struct Last {
    found: Option<(Instant, Found)>,
    alert: Alert,
}

/// Which dependencies answer.
#[derive(Clone, Copy)]
struct Found {
    database: bool,
    redis: Option<bool>,
}

impl Health {
    pub fn new(auth: Arc<Auth>, redis: Option<RedisLink>, stopping: CancellationToken) -> Self {
        Self {
            auth,
            redis,
            stopping,
            last: Arc::default(),
        }
    }

    async fn find(&self) -> Found {
        let mut last = self.last.lock().await;
        if let Some((at, found)) = last.found
            && at.elapsed() < GOOD_FOR
        {
            return found;
        }
        let redis = async { Some(self.redis.as_ref()?.helps().await) };
        let (database, redis) = tokio::join!(self.auth.ping(), redis);
        if let Err(error) = &database
            && last.alert.is_due(Instant::now().into_std())
        {
            let code = error.code();
            tracing::warn!(
                kind = %code.kind(),
                %code,
                error = error as &dyn std::error::Error,
                "the database does not answer"
            );
        }
        let found = Found {
            database: database.is_ok(),
            redis,
        };
        last.found = Some((Instant::now(), found));
        found
    }
}

/// `/health/live` needs nothing; `/health/ready` and `/health` name each dependency.
pub fn router<S: Clone + Send + Sync + 'static>(health: Health) -> Router<S> {
    Router::new()
        .route("/health", get(ready))
        .route("/health/ready", get(ready))
        .route("/health/live", get(live))
        .with_state(health)
}

/// The same while the portal waits for its database: the process lives,
/// and nothing else is there yet.
pub fn starting() -> Router {
    let not_yet = || async { unready(json!({ "status": "starting" })) };
    Router::new()
        .route("/health/live", get(live))
        .fallback(not_yet)
}

async fn live() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

async fn ready(State(health): State<Health>) -> Response {
    if health.stopping.is_cancelled() {
        return unready(json!({ "status": "stopping" }));
    }
    let found = health.find().await;
    let mut dependencies = json!({ "database": state(found.database) });
    if let Some(redis) = found.redis {
        dependencies["redis"] = state(redis).into();
    }
    if found.database {
        Json(json!({ "status": "ok", "dependencies": dependencies })).into_response()
    } else {
        unready(json!({ "status": "unavailable", "dependencies": dependencies }))
    }
}

fn state(is_there: bool) -> &'static str {
    if is_there { "ok" } else { "unavailable" }
}

fn unready(body: Value) -> Response {
    let headers = [(header::RETRY_AFTER, "5")];
    (StatusCode::SERVICE_UNAVAILABLE, headers, Json(body)).into_response()
}
