//! Documents at well-known places (RFC 8615).

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderMap, header};
use vestibule_core::Auth;

use crate::assets::{entity_tag, matches_entity_tag};

/// The keys that access tokens are verified with (RFC 7517). Verifiers keep it for five minutes.
pub async fn jwks(State(auth): State<Arc<Auth>>, headers: HeaderMap) -> Response {
    let body = auth.jwks();
    let tag = entity_tag(body.as_bytes());
    let caching = [
        (header::ETAG, tag.clone()),
        (header::CACHE_CONTROL, "public, max-age=300".to_owned()),
    ];
    if matches_entity_tag(&headers, &tag) {
        return (http::StatusCode::NOT_MODIFIED, caching).into_response();
    }
    (
        caching,
        [(header::CONTENT_TYPE, "application/jwk-set+json")],
        body.to_string(),
    )
        .into_response()
}

/// Where password managers send people (W3C "A Well-Known URL for Changing Passwords").
pub async fn change_password() -> Redirect {
    // 302, as the document asks for a redirect that may change.
    Redirect::to("/account/password")
}
