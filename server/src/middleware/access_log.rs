use std::time::Instant;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use vestibule_web::ClientAddress;

/// One line a request, once its answer is known. Never the query: mailed links carry their token there.
pub async fn log_access(request: Request, next: Next) -> Response {
    let client = request
        .extensions()
        .get::<ClientAddress>()
        .map(|client| client.0);
    let started = Instant::now();
    let response = next.run(request).await;
    tracing::info!(
        target: "vestibule::access",
        status = response.status().as_u16(),
        client = client.map(tracing::field::display),
        micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
        "answered"
    );
    response
}
