use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderValue, header};

/// tower-sessions 0.15 removes its cookie without `Secure`, which browsers refuse for a `__Host-`
/// name; the cookie would stay. Adds what is missing. To be
/// deleted with the release that fixes it (tower-sessions #268).
pub async fn secure_removal_cookie(
    State(name): State<String>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = next.run(request).await;
    let removal = format!("{name}=;");
    let cookies: Vec<HeaderValue> = response
        .headers()
        .get_all(header::SET_COOKIE)
        .iter()
        .cloned()
        .collect();
    if !cookies
        .iter()
        .any(|cookie| cookie.as_bytes().starts_with(removal.as_bytes()))
    {
        return response;
    }
    response.headers_mut().remove(header::SET_COOKIE);
    for cookie in cookies {
        let text = cookie.to_str().unwrap_or_default();
        let completed = (text.starts_with(&removal) && !text.contains("Secure"))
            .then(|| HeaderValue::from_str(&format!("{text}; Secure; HttpOnly")).ok())
            .flatten();
        response
            .headers_mut()
            .append(header::SET_COOKIE, completed.unwrap_or(cookie));
    }
    response
}
