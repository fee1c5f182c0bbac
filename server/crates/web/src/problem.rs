//! The one table from codes to HTTP statuses and texts, and the error document of RFC 9457.

use std::time::Duration;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};
use vestibule_core::{AuthError, Defect, ErrorCode, ErrorKind, FieldError};

/// The status of a code.
pub fn status(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::MalformedBody | ErrorCode::ValidationFailed | ErrorCode::InvalidToken => {
            StatusCode::BAD_REQUEST
        }
        ErrorCode::InvalidCredentials
        | ErrorCode::Unauthenticated
        | ErrorCode::TokenExpired
        | ErrorCode::InvalidRefreshToken
        | ErrorCode::RefreshTokenReused => StatusCode::UNAUTHORIZED,
        ErrorCode::Forbidden | ErrorCode::ReauthenticationRequired => StatusCode::FORBIDDEN,
        ErrorCode::NotFound => StatusCode::NOT_FOUND,
        ErrorCode::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        ErrorCode::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
        ErrorCode::EmailTaken => StatusCode::CONFLICT,
        ErrorCode::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorCode::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ErrorCode::MisdirectedRequest => StatusCode::MISDIRECTED_REQUEST,
        ErrorCode::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        ErrorCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        ErrorCode::Unavailable | ErrorCode::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// Whole seconds, rounded up: a client that waits this long is not too early.
pub fn retry_after_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

/// An error as the API shows it (RFC 9457). The request id is added on the way out.
#[derive(Clone, Debug)]
pub struct Problem {
    code: ErrorCode,
    fields: Vec<FieldError>,
    retry_after: Option<Duration>,
    is_logged: bool,
}

/// When to come back to what is away or busy, where nothing knows better.
const RETRY_AFTER: Duration = Duration::from_secs(5);

impl Problem {
    /// A panic; the panic hook has logged it with its trace.
    pub fn of_panic() -> Self {
        Self {
            is_logged: true,
            ..ErrorCode::Internal.into()
        }
    }

    /// When to come back, in the form of the header.
    pub fn retry_after(&self) -> Option<HeaderValue> {
        let wait = self.retry_after?;
        Some(HeaderValue::from(retry_after_seconds(wait).max(1)))
    }

    /// Logs what was not logged where it arose: every error is in the log once, with its kind.
    pub fn log(&self) {
        let (kind, code) = (self.code.kind(), self.code);
        if self.is_logged {
            return;
        }
        if kind == ErrorKind::External {
            tracing::warn!(%kind, %code, "request refused");
        } else if status(code).is_server_error() {
            tracing::error!(%kind, %code, "request failed");
        } else {
            tracing::info!(%kind, %code, "request refused");
        }
    }

    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// The document as an answer to the request with this id.
    pub fn answer(&self, request_id: &str) -> Response {
        let content_type = [(header::CONTENT_TYPE, "application/problem+json")];
        let document = Json(self.document(request_id));
        (status(self.code), content_type, document).into_response()
    }

    fn document(&self, request_id: &str) -> Value {
        let status = status(self.code);
        let mut document = json!({
            "type": "about:blank",
            "title": status.canonical_reason().unwrap_or_default(),
            "status": status.as_u16(),
            "code": self.code.as_str(),
            "detail": detail(self.code),
            "request_id": request_id,
        });
        if self.code == ErrorCode::ValidationFailed {
            document["errors"] = self
                .fields
                .iter()
                .map(|error| json!({ "field": error.field.as_str(), "code": error.code.as_str() }))
                .collect();
        }
        document
    }
}

impl From<ErrorCode> for Problem {
    fn from(code: ErrorCode) -> Self {
        let is_temporary = matches!(
            status(code),
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS
        );
        Self {
            code,
            fields: Vec::new(),
            retry_after: is_temporary.then_some(RETRY_AFTER),
            is_logged: false,
        }
    }
}

/// The edge: what is not the caller's doing is logged here, once, with its kind.
impl From<AuthError> for Problem {
    fn from(error: AuthError) -> Self {
        let code = error.code();
        log(code, &error);
        Self {
            code,
            fields: error.fields().to_vec(),
            retry_after: error.retry_after(),
            is_logged: true,
        }
    }
}

fn log(code: ErrorCode, error: &AuthError) {
    let kind = match (code.kind(), error) {
        // An internal error with a source from the store is
        // a database error, without one it is unknown.
        (ErrorKind::Unknown, AuthError::Internal(source))
            if source.is::<vestibule_core::ports::StoreError>() =>
        {
            ErrorKind::Database
        }
        (kind, _) => kind,
    };
    let source = std::error::Error::source(error);
    match error {
        AuthError::Internal(defect) => {
            let trace = defect.downcast_ref::<Defect>().map(Defect::trace);
            tracing::error!(%kind, %code, error = error as &dyn std::error::Error, trace, "request failed");
        }
        AuthError::Unavailable(_) => {
            tracing::error!(%kind, %code, error = error as &dyn std::error::Error, "request failed");
        }
        AuthError::ValidationFailed(fields) => {
            tracing::info!(%kind, %code, fields = invalid_fields(fields), "request refused");
        }
        AuthError::Overloaded { .. } => {
            tracing::warn!(%kind, %code, "request refused: the hash queue is full");
        }
        _ => tracing::info!(%kind, %code, source, "request refused"),
    }
}

/// `email: taken, password: too_short`; what was typed is not in it.
fn invalid_fields(fields: &[FieldError]) -> String {
    let fields = fields.iter();
    let texts: Vec<String> = fields
        .map(|error| format!("{}: {}", error.field, error.code))
        .collect();
    texts.join(", ")
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.answer("");
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if status(self.code) == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(wait) = self.retry_after() {
            headers.insert(header::RETRY_AFTER, wait);
        }
        // The middleware that knows the request id renders the document again with it.
        response.extensions_mut().insert(self);
        response
    }
}

/// One English sentence per code, for developers; people read the pages' own texts.
fn detail(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::MalformedBody => "The body is not the JSON object that this endpoint takes.",
        ErrorCode::ValidationFailed => "Some fields break a rule; `errors` names them.",
        ErrorCode::InvalidToken => "The token or code is wrong, used, superseded or expired.",
        ErrorCode::InvalidCredentials => "Email or password is incorrect.",
        ErrorCode::Unauthenticated => "A live access token is needed.",
        ErrorCode::TokenExpired => "The access token has expired; refresh it.",
        ErrorCode::InvalidRefreshToken => "The refresh token is not valid; sign in again.",
        ErrorCode::RefreshTokenReused => {
            "The refresh token was used before; its session has been ended."
        }
        ErrorCode::Forbidden => "This is not allowed.",
        ErrorCode::ReauthenticationRequired => "The password has to be given again.",
        ErrorCode::NotFound => "There is nothing here.",
        ErrorCode::MethodNotAllowed => "This path does not take this method.",
        ErrorCode::BodyTooLarge => "The body is larger than 64 KiB.",
        ErrorCode::UnsupportedMediaType => "This path does not take a body of this content type.",
        ErrorCode::MisdirectedRequest => "This service does not answer for this host.",
        ErrorCode::RequestTimeout => "The request took too long to arrive.",
        ErrorCode::EmailTaken => "The address has an account.",
        ErrorCode::RateLimited => "Too many attempts; wait for the time in Retry-After.",
        ErrorCode::Internal => "Something went wrong on our side.",
        ErrorCode::Unavailable => "A dependency is out of reach; try again.",
        ErrorCode::Overloaded => "Too busy right now; try again.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_an_error_status_and_a_text() {
        for code in ErrorCode::ALL {
            assert!(status(*code).as_u16() >= 400, "{code}");
            assert!(detail(*code).ends_with('.'), "{code}");
        }
    }

    #[test]
    fn what_passes_says_when_to_come_back() {
        for code in ErrorCode::ALL {
            let response = Problem::from(*code).into_response();
            let is_temporary = [429, 503].contains(&response.status().as_u16());
            let says_when = response.headers().contains_key(header::RETRY_AFTER);
            assert_eq!(says_when, is_temporary, "{code}");
        }
    }

    #[test]
    fn a_wait_is_rounded_up() {
        assert_eq!(retry_after_seconds(Duration::from_millis(1)), 1);
        assert_eq!(retry_after_seconds(Duration::from_millis(2_001)), 3);
        assert_eq!(retry_after_seconds(Duration::from_secs(2)), 2);
    }
}
