//! What clients read about the provider: its metadata in two places, and its keys.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use utoipa::ToSchema;
use vestibule_core::{Auth, KeySet, hash_token};

use crate::http::assets::{matches_entity_tag, quoted};

/// The keys that ID tokens are verified with (RFC 7517).
#[derive(ToSchema)]
#[schema(as = AppKeySet)]
#[expect(dead_code, reason = "it is described, and made by the core")]
pub struct AppKeySetBody {
    keys: Vec<AppKeyBody>,
}

/// A public key of RSA, P-256 or Ed25519.
#[derive(ToSchema)]
#[schema(as = AppKey)]
#[expect(dead_code, reason = "it is described, and made by the core")]
pub struct AppKeyBody {
    #[schema(pattern = "^(RSA|EC|OKP)$")]
    kty: String,
    #[schema(pattern = "^sig$")]
    r#use: String,
    #[schema(pattern = "^(RS256|ES256|EdDSA)$")]
    alg: String,
    /// What the header of a token names (RFC 7638).
    kid: String,
    n: Option<String>,
    e: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

/// What clients go by; there is more, by OpenID Connect Discovery 1.0, 3.
#[derive(ToSchema)]
#[schema(as = ProviderMetadata)]
#[expect(dead_code, reason = "it is described, and made by the core")]
pub struct ProviderMetadataBody {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    userinfo_endpoint: String,
    jwks_uri: String,
    scopes_supported: Vec<String>,
    response_types_supported: Vec<String>,
    grant_types_supported: Vec<String>,
    code_challenge_methods_supported: Vec<String>,
    id_token_signing_alg_values_supported: Vec<String>,
}

/// The keys that ID tokens are verified with (RFC 7517): of the algorithms that clients want.
#[utoipa::path(get, path = "/oauth2/jwks.json", tag = "apps", operation_id = "app_jwks",
    responses(
        (status = 200, description = "The JSON Web Key Set", body = AppKeySetBody, content_type = "application/jwk-set+json"),
        (status = 304, description = "Unchanged since the entity tag that was given"),
    ))]
pub async fn jwks(State(auth): State<Arc<Auth>>, headers: HeaderMap) -> Response {
    let KeySet { json, hash } = auth.app_jwks();
    let kind = "application/jwk-set+json";
    served(&headers, &hash, kind, Bytes::from_owner(json))
}

/// The metadata of the provider (OpenID Connect Discovery 1.0, 4).
#[utoipa::path(get, path = "/.well-known/openid-configuration", tag = "apps", operation_id = "openid_configuration",
    responses(
        (status = 200, description = "The metadata", body = ProviderMetadataBody),
        (status = 304, description = "Unchanged since the entity tag that was given"),
    ))]
pub async fn openid_configuration(State(auth): State<Arc<Auth>>, headers: HeaderMap) -> Response {
    metadata(&auth, &headers)
}

/// The same where RFC 8414 has it.
#[utoipa::path(get, path = "/.well-known/oauth-authorization-server", tag = "apps", operation_id = "authorization_server",
    responses(
        (status = 200, description = "The metadata", body = ProviderMetadataBody),
        (status = 304, description = "Unchanged since the entity tag that was given"),
    ))]
pub async fn authorization_server(State(auth): State<Arc<Auth>>, headers: HeaderMap) -> Response {
    metadata(&auth, &headers)
}

fn metadata(auth: &Auth, headers: &HeaderMap) -> Response {
    let text = Json(auth.provider_metadata()).to_string();
    let hash = hash_token(&text);
    served(headers, &hash, "application/json", Bytes::from(text))
}

/// Verifiers keep it for five minutes.
fn served(headers: &HeaderMap, hash: &str, kind: &'static str, body: Bytes) -> Response {
    let tag = quoted(hash);
    let caching = [
        (header::ETAG, tag.as_str()),
        (header::CACHE_CONTROL, "public, max-age=300"),
    ];
    if matches_entity_tag(headers, &tag) {
        return (StatusCode::NOT_MODIFIED, caching).into_response();
    }
    (caching, [(header::CONTENT_TYPE, kind)], body).into_response()
}
