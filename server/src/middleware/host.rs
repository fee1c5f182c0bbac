use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::header;
use http::uri::Authority;
use vestibule_core::ErrorCode;
use vestibule_web::Problem;

/// The names that this deployment answers to.
#[derive(Clone)]
pub struct AllowedHosts {
    names: Arc<[String]>,
    /// In development any name of this machine itself.
    loopback: bool,
}

impl AllowedHosts {
    pub fn new(names: &[String], loopback: bool) -> Self {
        Self {
            names: names.iter().map(|name| name.to_ascii_lowercase()).collect(),
            loopback,
        }
    }

    fn contain(&self, host: &str) -> bool {
        let name = host.to_ascii_lowercase();
        let is_loopback = matches!(name.as_str(), "localhost" | "127.0.0.1" | "[::1]");
        self.names.contains(&name) || (self.loopback && is_loopback)
    }
}

/// Refuses requests for another host: no link or redirect can be made to lead there (lesson V10). Health checks name
/// whatever address they reach us by.
pub async fn check_host(
    State(allowed): State<AllowedHosts>,
    request: Request,
    next: Next,
) -> Response {
    let mut headers = request.headers().get_all(header::HOST).iter();
    let header = headers.next().and_then(|value| value.to_str().ok());
    let is_one = headers.next().is_none();
    let authority = request
        .uri()
        .authority()
        .cloned()
        .or_else(|| header?.parse::<Authority>().ok());
    let is_ours = is_one && authority.is_some_and(|authority| allowed.contain(authority.host()));
    if is_ours || request.uri().path().starts_with("/health") {
        next.run(request).await
    } else {
        Problem::from(ErrorCode::MisdirectedRequest).into_response()
    }
}
