use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderName, HeaderValue};
use vestibule_core::ports::{Clock, Random};
use vestibule_web::{RequestId, TrustedProxies};

use super::request_spans::RequestSpans;

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What the ids of requests are made of, and who may say more of them.
#[derive(Clone)]
pub struct Identification {
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
    /// They alone choose the trace that a request belongs to, and whether it is kept.
    pub proxies: TrustedProxies,
}

/// Gives every request an id, keeps a well-formed one that a proxy gave, and puts it into every log
/// line, the trace and the answer.
pub async fn identify_request(
    State(with): State<Identification>,
    mut request: Request,
    next: Next,
) -> Response {
    let given = request
        .headers()
        .get(&REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .filter(|id| is_well_formed(id));
    let new = || with.random.id(with.clock.now()).to_string();
    let id = given.map_or_else(new, str::to_owned);
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let is_trusted = peer.is_some_and(|peer| with.proxies.contain(peer.0.ip()));
    let spans = RequestSpans::begin(&request, &id, is_trusted);
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
