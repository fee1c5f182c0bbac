use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::header;
use vestibule_app::valid_markup;
use vestibule_core::AuthError;
use vestibule_web::Problem;

use super::Nonce;

/// Fixes what the framework writes that is no valid HTML. Pages are rendered whole before they are
/// sent, so collecting one takes no time.
pub async fn fix_markup(request: Request, next: Next) -> Response {
    let nonce = request.extensions().get::<Nonce>().cloned();
    let response = next.run(request).await;
    let kind = response.headers().get(header::CONTENT_TYPE);
    if !kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/html")) {
        return response;
    }
    let (mut head, body) = response.into_parts();
    match to_bytes(body, usize::MAX).await {
        Ok(html) => {
            let html = String::from_utf8_lossy(&html);
            let html = valid_markup(&html, nonce.as_ref().map(|nonce| nonce.0.as_str()));
            head.headers.remove(header::CONTENT_LENGTH);
            Response::from_parts(head, Body::from(html))
        }
        Err(error) => Problem::from(AuthError::internal(error)).into_response(),
    }
}
