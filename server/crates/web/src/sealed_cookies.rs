//! Small encrypted cookies that carry one thing from one request to the next.

use axum::response::IntoResponse;
use axum_extra::extract::cookie::{Cookie, Key, PrivateCookieJar, SameSite};
use http::{HeaderMap, HeaderValue, header};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Seals and opens cookies. The key encrypts and authenticates; a cookie that was changed is no cookie.
#[derive(Clone)]
pub struct SealedCookies {
    key: Key,
    is_secure: bool,
}

impl SealedCookies {
    /// `is_secure` is true where the public URL is https: then names get the `__Host-` prefix.
    pub fn new(secret: &[u8; 64], is_secure: bool) -> Self {
        Self {
            key: Key::from(secret),
            is_secure,
        }
    }

    /// The name of a cookie under the rules of its scheme. Plain http on a loopback address knows no `__Host-`.
    pub fn name(&self, name: &str) -> String {
        if self.is_secure {
            format!("__Host-{name}")
        } else {
            name.to_owned()
        }
    }

    pub fn is_secure(&self) -> bool {
        self.is_secure
    }

    /// A `Set-Cookie` value that holds `value` for `max_age`; `None` if it cannot be put into a cookie.
    pub fn seal<T: Serialize>(
        &self,
        name: &str,
        value: &T,
        max_age: time::Duration,
    ) -> Option<HeaderValue> {
        let value = serde_json::to_string(value).ok()?;
        let jar = PrivateCookieJar::new(self.key.clone()).add(self.cookie(name, value, max_age));
        jar.into_response().headers_mut().remove(header::SET_COOKIE)
    }

    /// A `Set-Cookie` value for what is no secret and may be changed by its owner; `None` if it cannot be put into a cookie.
    pub fn plain(&self, name: &str, value: &str, max_age: time::Duration) -> Option<HeaderValue> {
        self.cookie(name, value.to_owned(), max_age)
            .to_string()
            .parse()
            .ok()
    }

    /// What a cookie of the request holds.
    pub fn open<T: DeserializeOwned>(&self, name: &str, headers: &HeaderMap) -> Option<T> {
        let cookie =
            PrivateCookieJar::from_headers(headers, self.key.clone()).get(&self.name(name))?;
        serde_json::from_str(cookie.value()).ok()
    }

    /// A `Set-Cookie` value that removes the cookie.
    pub fn remove(&self, name: &str) -> Option<HeaderValue> {
        self.cookie(name, String::new(), time::Duration::ZERO)
            .to_string()
            .parse()
            .ok()
    }

    fn cookie(&self, name: &str, value: String, max_age: time::Duration) -> Cookie<'static> {
        Cookie::build((self.name(name), value))
            .path("/")
            .http_only(true)
            .secure(self.is_secure)
            .same_site(SameSite::Lax)
            .max_age(max_age)
            .build()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent_back(set_cookie: &HeaderValue) -> HeaderMap {
        let pair = set_cookie.to_str().unwrap().split(';').next().unwrap();
        HeaderMap::from_iter([(header::COOKIE, pair.parse().unwrap())])
    }

    #[test]
    fn only_what_we_sealed_opens() {
        let cookies = SealedCookies::new(&[1; 64], true);
        let set_cookie = cookies
            .seal("flash", &("code", 7), time::Duration::minutes(5))
            .unwrap();
        let text = set_cookie.to_str().unwrap();
        assert!(
            text.starts_with("__Host-flash=")
                && text.contains("Secure")
                && text.contains("HttpOnly"),
            "{text}"
        );
        assert!(!text.contains("code"), "{text}");
        let headers = sent_back(&set_cookie);
        assert_eq!(
            cookies.open::<(String, u8)>("flash", &headers),
            Some(("code".to_owned(), 7))
        );
        assert_eq!(cookies.open::<(String, u8)>("other", &headers), None);
        assert_eq!(
            SealedCookies::new(&[2; 64], true).open::<(String, u8)>("flash", &headers),
            None
        );
    }
}
