use axum::extract::Request;
use http::{HeaderValue, header};
use vestibule_web::cookies;

/// Takes cookies that are no text out of the request. tower-cookies 0.11 passes over every cookie
/// of a header in which one byte is not UTF-8: a neighbour
/// on the parent domain could sign people out.
pub async fn keep_readable_cookies(mut request: Request) -> Request {
    let lines = request.headers().get_all(header::COOKIE);
    if lines.iter().any(|line| line.to_str().is_err()) {
        let pairs: Vec<String> = cookies(request.headers())
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        request.headers_mut().remove(header::COOKIE);
        if let Ok(line) = HeaderValue::from_str(&pairs.join("; ")) {
            request.headers_mut().insert(header::COOKIE, line);
        }
    }
    request
}
