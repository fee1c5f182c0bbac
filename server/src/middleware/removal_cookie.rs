use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderValue, header};
use vestibule_web::RequestOutcome;

/// The session's cookie.
#[derive(Clone)]
pub struct SessionCookie {
    pub name: String,
    pub is_secure: bool,
}

/// Lets tower-sessions remove its cookie only where the request ended the session. It removes any
/// that it does not know; but until that answer arrives the browser may have got a newer one, with
/// the answer to another request, and would be signed out: a
/// password is rated while the form is sent that changes it.
///
/// tower-sessions 0.15 also removes it without `Secure`, which browsers refuse for a `__Host-`
/// name: what is missing is added. That part is to be deleted
/// with the release that fixes it (tower-sessions #268).
pub async fn remove_ended_cookie(
    State(cookie): State<SessionCookie>,
    request: Request,
    next: Next,
) -> Response {
    let outcome: RequestOutcome = request.extensions().get().cloned().unwrap_or_default();
    let mut response = next.run(request).await;
    let removal = format!("{}=;", cookie.name);
    let is_removal = |value: &HeaderValue| value.as_bytes().starts_with(removal.as_bytes());
    let all = response.headers().get_all(header::SET_COOKIE).iter();
    let all: Vec<HeaderValue> = all.cloned().collect();
    if !all.iter().any(is_removal) {
        return response;
    }
    let headers = response.headers_mut();
    headers.remove(header::SET_COOKIE);
    for value in all {
        if !is_removal(&value) {
            headers.append(header::SET_COOKIE, value);
        } else if outcome.has_ended_session() {
            headers.append(header::SET_COOKIE, completed(value, cookie.is_secure));
        }
    }
    response
}

fn completed(removal: HeaderValue, is_secure: bool) -> HeaderValue {
    let text = removal.to_str().unwrap_or_default();
    if !is_secure || text.contains("Secure") {
        return removal;
    }
    HeaderValue::from_str(&format!("{text}; Secure; HttpOnly")).unwrap_or(removal)
}
