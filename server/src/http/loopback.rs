use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::HeaderMap;
use vestibule_core::{ErrorCode, is_loopback};
use vestibule_web::{ClientAddress, Problem};

use super::middleware::named_host;

/// For what only the person at this machine may see: the client and the name it uses are both of
/// this machine, so that an open port lets nobody else in. Nor
/// does a proxy on this machine, which says for whom it asks.
pub async fn loopback_only(request: Request, next: Next) -> Response {
    let client = request.extensions().get::<ClientAddress>();
    let is_here = client.is_some_and(|client| client.0.is_loopback());
    if is_here
        && !is_forwarded(request.headers())
        && named_host(&request).is_some_and(|host| is_loopback(&host.name))
    {
        next.run(request).await
    } else {
        Problem::from(ErrorCode::NotFound).into_response()
    }
}

/// Whether a proxy has added anything, whichever proxy it is.
fn is_forwarded(headers: &HeaderMap) -> bool {
    headers.keys().any(|name| {
        let name = name.as_str();
        let is_named = |part: &str| name.contains(part);
        FORWARDING.contains(&name) || is_named("forwarded") || is_named("client-ip")
    })
}

/// Beside the many that hold `forwarded` or `client-ip`.
const FORWARDING: &[&str] = &[
    "cf-connecting-ip",
    "via",
    "x-envoy-external-address",
    "x-original-host",
    "x-real-ip",
];
