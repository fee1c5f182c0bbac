use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderName, HeaderValue};
use tracing::Instrument as _;
use vestibule_core::ports::{Clock, Random};
use vestibule_web::RequestId;

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Gives every request an id, keeps a well-formed one that a proxy gave, and puts it into every log line and the answer.
pub async fn identify_request(
    State((clock, random)): State<(Arc<dyn Clock>, Arc<dyn Random>)>,
    mut request: Request,
    next: Next,
) -> Response {
    let given = request
        .headers()
        .get(&REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .filter(|id| is_well_formed(id));
    let id = given.map_or_else(|| random.id(clock.now()).to_string(), str::to_owned);
    let route = request.extensions().get::<MatchedPath>();
    let span = tracing::info_span!(
        "request",
        request_id = %id,
        method = %request.method(),
        path = request.uri().path(),
        route = route.map(MatchedPath::as_str)
    );
    request.extensions_mut().insert(RequestId(id.clone()));
    let mut response = next.run(request).instrument(span).await;
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID.clone(), value);
    }
    response
}

/// Letters, digits, `-`, `_` and `.`, 1 to 64 of them: nothing that could forge a log line.
fn is_well_formed(id: &str) -> bool {
    (1..=64).contains(&id.len())
        && id
            .bytes()
            .all(|c| c.is_ascii_alphanumeric() || b"-_.".contains(&c))
}
