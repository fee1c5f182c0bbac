use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderName, HeaderValue};
use vestibule_core::ports::{Clock, Random};
use vestibule_web::RequestId;

use super::request_spans::RequestSpans;

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Gives every request an id, keeps a well-formed one that a proxy gave, and puts it into every log line, the trace and the answer.
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
    let spans = RequestSpans::begin(&request, &id);
    request.extensions_mut().insert(RequestId(id.clone()));
    request.extensions_mut().insert(spans.clone());
    let mut response = spans.around(next.run(request)).await;
    spans.note_status(response.status());
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
