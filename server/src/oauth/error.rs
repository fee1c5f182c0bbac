//! Refusals as programs get them (RFC 6749, 5.2).

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;
use utoipa::ToSchema;
use vestibule_core::{ErrorCode, OAuthError, OAuthErrorCode, OAuthRefusal};
use vestibule_web::{Problem, status};

/// Where programs are answered so, whatever refuses them.
const FOR_CLIENTS: [&str; 5] = [
    "/oauth2/token",
    "/oauth2/userinfo",
    "/oauth2/jwks.json",
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
];

/// Whether the path is one of those that clients of any origin may ask.
pub fn is_for_clients(path: &str) -> bool {
    FOR_CLIENTS.contains(&path)
}

/// An error of RFC 6749 or RFC 6750.
#[derive(ToSchema)]
#[schema(as = OAuthError)]
#[expect(dead_code, reason = "it is described, and made by hand")]
pub struct OAuthErrorBody {
    /// One of the codes of the protocol.
    #[schema(example = "invalid_grant")]
    error: String,
    /// One English sentence, for developers.
    error_description: String,
    /// What operators find the request by in the log.
    request_id: String,
}

/// A refusal on its way out.
pub struct Refused {
    refusal: OAuthRefusal,
    request_id: String,
    /// Whether the client has shown credentials in the header (RFC 6749, 5.2).
    by_header: bool,
}

/// The answer to an error. What is the portal's own matter goes the way of every problem, and gets
/// the protocol's form at the edge.
pub fn refuse(error: OAuthError, request_id: &str, by_header: bool) -> Response {
    match error {
        OAuthError::Failed(error) => Problem::from(error).into_response(),
        OAuthError::Refused(refusal) => {
            let error = refusal.description;
            tracing::info!(code = %refusal.code, error, "client refused");
            let request_id = request_id.to_owned();
            Refused {
                refusal,
                request_id,
                by_header,
            }
            .into_response()
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let code = self.refusal.code;
        let (status, challenge) = match code {
            OAuthErrorCode::InvalidToken => (StatusCode::UNAUTHORIZED, Some(bearer(code))),
            OAuthErrorCode::InsufficientScope => (StatusCode::FORBIDDEN, Some(bearer(code))),
            OAuthErrorCode::InvalidClient if self.by_header => {
                let challenge = HeaderValue::from_static("Basic realm=\"oauth2\"");
                (StatusCode::UNAUTHORIZED, Some(challenge))
            }
            _ => (StatusCode::BAD_REQUEST, None),
        };
        let mut response = answer(status, code, self.refusal.description, &self.request_id);
        if let Some(challenge) = challenge {
            let headers = response.headers_mut();
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// RFC 6750, 3.
fn bearer(code: OAuthErrorCode) -> HeaderValue {
    let text = format!("Bearer error=\"{code}\"");
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("Bearer"))
}

/// What the portal refuses by itself, in the protocol's form.
pub fn problem_answer(problem: &Problem, request_id: &str) -> Response {
    let (code, description) = match problem.code() {
        ErrorCode::RateLimited => (
            OAuthErrorCode::TemporarilyUnavailable,
            "Too many requests; wait for the time in Retry-After.",
        ),
        ErrorCode::Unavailable | ErrorCode::Overloaded | ErrorCode::RequestTimeout => (
            OAuthErrorCode::TemporarilyUnavailable,
            "The portal or a dependency is busy or out of reach; try again.",
        ),
        ErrorCode::Internal => (
            OAuthErrorCode::ServerError,
            "Something went wrong on our side.",
        ),
        ErrorCode::MethodNotAllowed => (
            OAuthErrorCode::InvalidRequest,
            "This path does not take this method.",
        ),
        ErrorCode::UnsupportedMediaType => (
            OAuthErrorCode::InvalidRequest,
            "The body has to be application/x-www-form-urlencoded.",
        ),
        ErrorCode::BodyTooLarge => (
            OAuthErrorCode::InvalidRequest,
            "The body is larger than 64 KiB.",
        ),
        _ => (
            OAuthErrorCode::InvalidRequest,
            "The request is not what this endpoint takes.",
        ),
    };
    answer(status(problem.code()), code, description, request_id)
}

fn answer(
    status: StatusCode,
    code: OAuthErrorCode,
    description: &str,
    request_id: &str,
) -> Response {
    let body = json!({
        "error": code.as_str(),
        "error_description": description,
        "request_id": request_id,
    });
    // RFC 6749, 5.1 asks for both.
    let caching = [
        (header::CACHE_CONTROL, "no-store"),
        (header::PRAGMA, "no-cache"),
    ];
    (status, caching, Json(body)).into_response()
}
