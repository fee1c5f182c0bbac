//! The cookies that a request brings, and what is said of those that an answer sets.

use std::sync::Arc;

use http::{HeaderMap, header};
use time::Duration;
use tower_sessions::cookie::{Cookie, SameSite};
use tower_sessions::{Expiry, SessionManagerLayer};
use vestibule_core::Auth;

use crate::browser_session::BrowserSessionStore;

/// Name and value of every cookie that can be read. One that cannot, of a neighbour on the parent
/// domain for example, is passed over alone: the others of its header are none the worse.
pub fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let lines = headers.get_all(header::COOKIE).iter();
    lines
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b';'))
        .filter_map(|pair| {
            let is_readable = |byte: &u8| matches!(byte, b' '..=b'~');
            let pair = pair.trim_ascii();
            let pair = pair.iter().all(is_readable).then_some(pair)?;
            std::str::from_utf8(pair).ok()?.split_once('=')
        })
}

/// The value of the first cookie of this name.
pub fn cookie<'headers>(headers: &'headers HeaderMap, name: &str) -> Option<&'headers str> {
    cookies(headers).find_map(|(given, value)| (given == name).then_some(value))
}

/// One for every page, which neither scripts nor requests of other sites have.
pub(crate) fn protected_cookie(
    name: String,
    value: String,
    max_age: Duration,
    is_secure: bool,
) -> Cookie<'static> {
    Cookie::build((name, value))
        .path("/")
        .http_only(true)
        .secure(is_secure)
        .same_site(SameSite::Lax)
        .max_age(max_age)
        .build()
}

/// The same for the cookie of the session.
pub fn browser_sessions(
    auth: &Arc<Auth>,
    name: String,
    is_secure: bool,
) -> SessionManagerLayer<BrowserSessionStore> {
    SessionManagerLayer::new(BrowserSessionStore::new(Arc::clone(auth)))
        .with_name(name)
        .with_path("/")
        .with_http_only(true)
        .with_secure(is_secure)
        .with_same_site(SameSite::Lax)
        .with_expiry(Expiry::OnSessionEnd)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn cookies_may_come_in_several_headers() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("a=1"));
        headers.append(header::COOKIE, HeaderValue::from_static("b=2=3; c=\"4\""));
        let read: Vec<_> = cookies(&headers).collect();
        assert_eq!(read, [("a", "1"), ("b", "2=3"), ("c", "\"4\"")]);
    }
}
