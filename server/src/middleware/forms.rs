use std::collections::HashSet;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest as _, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, Method, header};
use url::form_urlencoded;
use vestibule_core::ErrorCode;
use vestibule_web::Problem;

/// Looks at a posted form before a server function does: the framework ignores the content type and answers bad input
/// with 500. Only plain names, each once, no NUL, and UTF-8.
pub async fn check_form(request: Request, next: Next) -> Response {
    if request.method() != Method::POST {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    // A form without fields may come without a content type.
    let kind = parts.headers.get(header::CONTENT_TYPE).cloned();
    if kind.as_ref().is_some_and(|kind| !is_form(kind)) {
        return Problem::from(ErrorCode::UnsupportedMediaType).into_response();
    }
    match Bytes::from_request(Request::from_parts(parts.clone(), body), &()).await {
        Ok(bytes) if kind.is_none() && !bytes.is_empty() => {
            Problem::from(ErrorCode::UnsupportedMediaType).into_response()
        }
        Ok(bytes) if is_well_formed(&bytes) => {
            next.run(Request::from_parts(parts, Body::from(bytes)))
                .await
        }
        Ok(_) | Err(_) => Problem::from(ErrorCode::MalformedBody).into_response(),
    }
}

fn is_form(content_type: &HeaderValue) -> bool {
    let essence = content_type.to_str().unwrap_or_default().split(';').next();
    essence.is_some_and(|essence| {
        essence
            .trim()
            .eq_ignore_ascii_case("application/x-www-form-urlencoded")
    })
}

fn is_well_formed(body: &[u8]) -> bool {
    let mut names = HashSet::new();
    form_urlencoded::parse(body).all(|(name, value)| {
        let is_plain = name.bytes().all(|c| c.is_ascii_lowercase() || c == b'_');
        // The parser puts U+FFFD where bytes are not UTF-8.
        is_plain && !value.contains(['\0', '\u{FFFD}']) && names.insert(name)
    })
}

#[cfg(test)]
mod tests {
    use super::is_well_formed;

    #[test]
    fn only_plain_forms_pass() {
        assert!(is_well_formed(b"") && is_well_formed(b"email=a%40b&password=%F0%9F%A6%8A+x"));
        for bad in ["a=%00", "a=%FF", "a=1&a=2", "a[b]=1", "{\"a\":1}"] {
            assert!(!is_well_formed(bad.as_bytes()), "{bad}");
        }
    }
}
