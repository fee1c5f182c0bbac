use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::{DefaultBodyLimit, FromRequest as _, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use vestibule_core::ErrorCode;
use vestibule_web::Problem;

/// Bodies are small: forms and JSON objects.
const MAX_BODY_BYTES: usize = 64 * 1024;

/// Takes in the body before anything is done: however slowly a client sends it, no handler waits, and the time limit
/// around this gives it up without a trace.
pub async fn read_body(request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    // What announces too much is not even asked for.
    if request.body().size_hint().lower() > MAX_BODY_BYTES as u64 {
        return Problem::from(ErrorCode::BodyTooLarge).into_response();
    }
    let (parts, body) = request.into_parts();
    let mut unread = Request::new(body);
    DefaultBodyLimit::max(MAX_BODY_BYTES).apply(&mut unread);
    match Bytes::from_request(unread, &()).await {
        Ok(bytes) => {
            next.run(Request::from_parts(parts, Body::from(bytes)))
                .await
        }
        Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            Problem::from(ErrorCode::BodyTooLarge).into_response()
        }
        Err(_) => Problem::from(ErrorCode::MalformedBody).into_response(),
    }
}
