//! Documents at well-known places (RFC 8615).

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, StatusCode, header};
use utoipa::ToSchema;
use vestibule_core::{Auth, KeySet, MAX_KEY_AGE_OF_VERIFIERS};

use crate::http::assets::{matches_entity_tag, quoted};

/// The keys that access tokens are verified with (RFC 7517).
#[derive(ToSchema)]
#[schema(as = KeySet)]
#[expect(dead_code, reason = "it is described, and made by the core")]
pub struct KeySetBody {
    keys: Vec<KeyBody>,
}

/// A public key for Ed25519 (RFC 8037).
#[derive(ToSchema)]
#[schema(as = Key)]
#[expect(dead_code, reason = "it is described, and made by the core")]
pub struct KeyBody {
    #[schema(pattern = "^OKP$")]
    kty: String,
    #[schema(pattern = "^Ed25519$")]
    crv: String,
    #[schema(pattern = "^sig$")]
    r#use: String,
    #[schema(pattern = "^EdDSA$")]
    alg: String,
    /// What the header of a token names (RFC 7638).
    kid: String,
    x: String,
}

const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-resource-policy");

// What is served below.
const _: () = assert!(MAX_KEY_AGE_OF_VERIFIERS.as_secs() == 300);

/// The keys that access tokens are verified with (RFC 7517). Verifiers keep it for five minutes.
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "keys", operation_id = "jwks",
    responses(
        (status = 200, description = "The JSON Web Key Set", body = KeySetBody, content_type = "application/jwk-set+json"),
        (status = 304, description = "Unchanged since the entity tag that was given"),
    ))]
pub async fn jwks(State(auth): State<Arc<Auth>>, headers: HeaderMap) -> Response {
    // Made when the keys were loaded. It is too small to gain by compression.
    let KeySet { json, hash } = auth.jwks();
    let tag = quoted(&hash);
    let caching = [
        (header::ETAG, tag.as_str()),
        (header::CACHE_CONTROL, "public, max-age=300"),
        // Anybody may read it, a script of any page too.
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (CROSS_ORIGIN_RESOURCE_POLICY, "cross-origin"),
    ];
    if matches_entity_tag(&headers, &tag) {
        return (StatusCode::NOT_MODIFIED, caching).into_response();
    }
    let content_type = [(header::CONTENT_TYPE, "application/jwk-set+json")];
    (caching, content_type, Bytes::from_owner(json)).into_response()
}

/// Where password managers send people (W3C "A Well-Known URL for Changing Passwords").
#[utoipa::path(get, path = "/.well-known/change-password", tag = "password", operation_id = "change_password_page",
    responses((status = 302, description = "To the page")))]
pub async fn change_password() -> impl IntoResponse {
    // 302 and not 307: the address of the page may change.
    (StatusCode::FOUND, [(header::LOCATION, "/account/password")])
}
