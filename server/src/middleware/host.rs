use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::header;
use http::uri::Authority;
use vestibule_core::ErrorCode;
use vestibule_web::Problem;

use super::only_from_here::is_loopback_name;

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
        self.names.contains(&name) || (self.loopback && is_loopback_name(&name))
    }
}

/// What answers whatever host it is asked by: health checks, which name the address that they reach us by, and the files
/// that the page of the refusal is drawn with.
const FOR_ANY_HOST: &[&str] = &["/health", "/pkg/", "/branding/"];

/// Refuses requests for another host: no link or redirect can be made to lead there (lesson V10).
pub async fn check_host(
    State(allowed): State<AllowedHosts>,
    request: Request,
    next: Next,
) -> Response {
    let is_ours = named_host(&request).is_some_and(|host| allowed.contain(host.host()));
    let path = request.uri().path();
    if is_ours || FOR_ANY_HOST.iter().any(|prefix| path.starts_with(prefix)) {
        next.run(request).await
    } else {
        Problem::from(ErrorCode::MisdirectedRequest).into_response()
    }
}

/// The host that a request is for; `None` if it names none, or several.
pub(super) fn named_host(request: &Request) -> Option<Authority> {
    let mut headers = request.headers().get_all(header::HOST).iter();
    let (header, another) = (headers.next(), headers.next());
    if another.is_some() {
        return None;
    }
    let of_header = || header?.to_str().ok()?.parse().ok();
    request.uri().authority().cloned().or_else(of_header)
}
