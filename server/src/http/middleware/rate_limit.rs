use std::sync::Arc;

use axum::body::HttpBody as _;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use vestibule_core::Auth;
use vestibule_web::{Problem, page_language, request_meta};

use super::paths::is_below;

/// Routes that cost next to nothing, and are asked for by machines or many times for one page.
const NOT_COUNTED: &[&str] = &[
    "/health",
    "/.well-known/jwks.json",
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
    "/oauth2/jwks.json",
    "/pkg",
    "/branding",
];

/// Counts requests against the network that they come from, before their bodies are read.
pub async fn limit_requests(
    State(auth): State<Arc<Auth>>,
    request: Request,
    next: Next,
) -> Response {
    if !is_counted(&request) {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let language = page_language(&parts.headers, &parts.extensions);
    let meta = request_meta(&parts, language);
    if let Err(error) = auth.admit(&meta).await {
        return Problem::from(error).into_response();
    }
    next.run(Request::from_parts(parts, body)).await
}

/// By the route and not by the path: what is not there leads to a page,
/// which costs something. And a body is waited for.
fn is_counted(request: &Request) -> bool {
    !(is_cheap(request) && request.body().is_end_stream())
}

/// Whether the request is for one of those routes.
pub fn is_cheap(request: &Request) -> bool {
    let route = request.extensions().get::<MatchedPath>();
    route.is_some_and(|route| is_below(NOT_COUNTED, route.as_str()))
}
