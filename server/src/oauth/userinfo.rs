//! The userinfo endpoint (OpenID Connect Core 1.0, 5.3).

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, header};
use serde_json::{Map, Value};
use url::form_urlencoded;
use utoipa::ToSchema;
use vestibule_core::Auth;
use vestibule_web::{RequestId, RequestOutcome};

use super::error::{OAuthErrorBody, refuse};
use super::token::is_form;

/// The claims of the scopes that the token has; what is empty is left out.
#[derive(ToSchema)]
#[schema(as = UserInfo)]
#[expect(dead_code, reason = "it is described, and made by the core")]
pub struct UserInfoBody {
    sub: String,
    name: Option<String>,
    given_name: Option<String>,
    family_name: Option<String>,
    preferred_username: Option<String>,
    locale: Option<String>,
    /// Seconds since 1970.
    updated_at: Option<i64>,
    email: Option<String>,
    email_verified: Option<bool>,
    groups: Option<Vec<String>>,
}

/// What the access token lets the app know of its user, looked up now.
#[utoipa::path(get, path = "/oauth2/userinfo", tag = "apps", operation_id = "userinfo", security(("app" = [])),
    responses(
        (status = 200, description = "The claims", body = UserInfoBody),
        (status = 401, description = "`invalid_token`", body = OAuthErrorBody),
        (status = 403, description = "`insufficient_scope`", body = OAuthErrorBody),
    ))]
pub async fn userinfo(
    state: State<Arc<Auth>>,
    request_id: Extension<RequestId>,
    outcome: Option<Extension<RequestOutcome>>,
    headers: HeaderMap,
) -> Response {
    answer(state, request_id, outcome, &headers, None).await
}

/// The same; the token may be in the body as `access_token`.
#[utoipa::path(post, path = "/oauth2/userinfo", tag = "apps", operation_id = "post_userinfo", security(("app" = [])),
    request_body(content = AccessTokenBody, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The claims", body = UserInfoBody),
        (status = 401, description = "`invalid_token`", body = OAuthErrorBody),
        (status = 403, description = "`insufficient_scope`", body = OAuthErrorBody),
    ))]
pub async fn post_userinfo(
    state: State<Arc<Auth>>,
    request_id: Extension<RequestId>,
    outcome: Option<Extension<RequestOutcome>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let pairs = form_urlencoded::parse(&body);
    let mut tokens = pairs.filter(|(name, _)| is_form(&headers) && name == "access_token");
    // A parameter that comes twice counts as none (RFC 6749, 3.1).
    let (token, another) = (tokens.next(), tokens.next());
    let token = token.filter(|_| another.is_none());
    let token = token.map(|(_, token)| token.into_owned());
    answer(state, request_id, outcome, &headers, token).await
}

/// A token in the body (RFC 6750, 2.2).
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is described, and read by hand")]
pub struct AccessTokenBody {
    access_token: Option<String>,
}

async fn answer(
    State(auth): State<Arc<Auth>>,
    Extension(request_id): Extension<RequestId>,
    outcome: Option<Extension<RequestOutcome>>,
    headers: &HeaderMap,
    in_body: Option<String>,
) -> Response {
    // In two places at once it is in none (RFC 6750, 2).
    let token = match (bearer(headers), in_body.as_deref()) {
        (Some(token), None) | (None, Some(token)) => Some(token),
        (Some(_), Some(_)) | (None, None) => None,
    };
    match auth.user_info(token).await {
        Ok(info) => {
            if let Some(Extension(outcome)) = outcome {
                outcome.is_by(info.user_id);
            }
            let claims: Map<String, Value> = info.claims;
            ([(header::CACHE_CONTROL, "no-store")], Json(claims)).into_response()
        }
        Err(error) => refuse(error, &request_id.0, true),
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (value, another) = (values.next()?, values.next());
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    (another.is_none() && scheme.eq_ignore_ascii_case("bearer")).then_some(token.trim())
}
