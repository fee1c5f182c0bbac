use std::collections::HashSet;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest as _, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, Method, header};
use url::form_urlencoded;
use vestibule_core::ErrorCode;
use vestibule_web::{Problem, SentForm};

/// Looks at a posted form before a server function does: the framework ignores the content type and
/// answers bad input with 500. Only plain names, each once, no NUL, and UTF-8. What every form
/// carries goes along with the request.
pub async fn check_form(request: Request, next: Next) -> Response {
    if request.method() != Method::POST {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
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
            parts.extensions.insert(sent_form(&bytes));
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

/// Extensions of browsers add fields of their own, which are read by nobody;
/// brackets would be structures to the framework.
fn is_well_formed(body: &[u8]) -> bool {
    let mut names = HashSet::new();
    form_urlencoded::parse(body).all(|(name, value)| {
        let is_plain = name
            .bytes()
            .all(|c| c.is_ascii_alphanumeric() || c == b'_' || c == b'-');
        // The parser puts U+FFFD where bytes are not UTF-8.
        is_plain && !value.contains(['\0', '\u{FFFD}']) && names.insert(name)
    })
}

fn sent_form(body: &[u8]) -> SentForm {
    let mut sent = SentForm::default();
    for (name, value) in form_urlencoded::parse(body) {
        sent.take(&name, &value);
    }
    sent
}

#[cfg(test)]
mod tests {
    use super::{is_well_formed, sent_form};

    #[test]
    fn only_plain_forms_pass() {
        assert!(is_well_formed(b"") && is_well_formed(b"email=a%40b&password=%F0%9F%A6%8A+x"));
        assert!(is_well_formed(b"email=a&__ext-Field1=x"), "of an extension");
        for bad in ["a=%00", "a=%FF", "a=1&a=2", "a[b]=1", "{\"a\":1}"] {
            assert!(!is_well_formed(bad.as_bytes()), "{bad}");
        }
    }

    #[test]
    fn what_every_form_carries_is_read_beside_its_own_fields() {
        let id = "0192d3c4-0000-7000-8000-000000000001";
        let body = format!("email=a&account={id}&form_nonce=n&link=l");
        let sent = sent_form(body.as_bytes());
        assert_eq!(sent.account, Some(id.parse().unwrap()));
        assert_eq!(
            (sent.nonce.as_deref(), sent.link.as_deref()),
            (Some("n"), Some("l"))
        );
        let none = sent_form(b"account=x&form_nonce=&link=");
        assert!(none.account.is_none() && none.nonce.is_none() && none.link.is_none());
    }
}
