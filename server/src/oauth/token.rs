//! The token endpoint (RFC 6749, 3.2).

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, header};
use utoipa::ToSchema;
use vestibule_core::{Auth, ErrorCode, Parameters};
use vestibule_web::{Meta, Problem, RequestId};

use super::error::{OAuthErrorBody, refuse};

/// What a client sends.
#[derive(ToSchema)]
#[schema(as = TokenRequest)]
#[expect(dead_code, reason = "it is described, and read by the core")]
pub struct TokenRequestBody {
    /// `authorization_code` or `refresh_token`.
    #[schema(example = "authorization_code")]
    grant_type: String,
    /// With `authorization_code`: what came to the client's address.
    code: Option<String>,
    /// With `authorization_code`: the address as in the request for authorization.
    redirect_uri: Option<String>,
    /// With `authorization_code`: what the `code_challenge` was made of (RFC 7636).
    code_verifier: Option<String>,
    /// With `refresh_token`: the newest one.
    refresh_token: Option<String>,
    /// With `refresh_token`: less than what was granted.
    scope: Option<String>,
    /// Of a client that does not use the header.
    client_id: Option<String>,
    client_secret: Option<String>,
}

/// What it gets (RFC 6749, 5.1).
#[derive(ToSchema)]
#[schema(as = TokenAnswer)]
#[expect(dead_code, reason = "it is described, and made by the core")]
pub struct TokenAnswerBody {
    /// For `/oauth2/userinfo` alone.
    access_token: String,
    #[schema(pattern = "^Bearer$")]
    token_type: String,
    /// Seconds until the access token expires.
    expires_in: i64,
    /// What was granted, which may be less than what was asked for.
    scope: String,
    /// With the scope `openid` (OpenID Connect Core 1.0, 2).
    id_token: Option<String>,
    /// Takes the place of the one before (ADR 0005).
    refresh_token: String,
}

/// Gives tokens for a code, or for a refresh token. A code is good for once: shown again, what it
/// began ends.
#[utoipa::path(post, path = "/oauth2/token", tag = "apps", operation_id = "token",
    request_body(content = TokenRequestBody, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The tokens", body = TokenAnswerBody),
        (status = 400, description = "`invalid_request`, `invalid_client`, `invalid_grant`, `invalid_scope`, `unsupported_grant_type`", body = OAuthErrorBody),
        (status = 401, description = "`invalid_client`, where the header has credentials", body = OAuthErrorBody),
    ))]
pub async fn token(
    State(auth): State<Arc<Auth>>,
    Extension(request_id): Extension<RequestId>,
    Meta(meta): Meta,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if !is_form(&headers) {
        return Problem::from(ErrorCode::UnsupportedMediaType).into_response();
    }
    let parameters = Parameters::parse(&body);
    let authorization = match authorization(&headers) {
        Ok(authorization) => authorization,
        Err(code) => return Problem::from(code).into_response(),
    };
    match auth.issue_tokens(authorization, &parameters, &meta).await {
        Ok(answer) => {
            let caching = [
                (header::CACHE_CONTROL, "no-store"),
                (header::PRAGMA, "no-cache"),
            ];
            (caching, Json(answer)).into_response()
        }
        Err(error) => refuse(error, &request_id.0, authorization.is_some()),
    }
}

/// The one header with credentials; several are none (RFC 9110, 11.6.2).
fn authorization(headers: &HeaderMap) -> Result<Option<&str>, ErrorCode> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (value, another) = (values.next(), values.next());
    if another.is_some() {
        return Err(ErrorCode::MalformedBody);
    }
    let text = value.map(HeaderValue::to_str).transpose();
    text.map_err(|_| ErrorCode::MalformedBody)
}

pub(super) fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}
