//! Small encrypted cookies that carry one thing from one request to the next,
//! and the same as text for a form or an address.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderValue};
use serde::Serialize;
use serde::de::DeserializeOwned;
use vestibule_core::MasterKey;
use vestibule_core::ports::{Clock, Random};

use crate::cookies::{cookie, protected_cookie};

/// Seals and opens cookies. The key encrypts and authenticates; a cookie that was changed is no
/// cookie, and neither is one past its time, whatever the browser thinks of it.
///
/// Anybody can have something sealed, as often as they like. So there is a key for each name and
/// day: one key with random nonces is good for 2^32 messages (NIST SP 800-38D, 8.3). The day stands
/// in front of what is sealed, because some cookies live for more than a year.
#[derive(Clone)]
pub struct SealedCookies {
    master: MasterKey,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    is_secure: bool,
}

const SECONDS_OF_DAY: i64 = 24 * 60 * 60;
/// Of the day and of the time in seconds, both big-endian.
const DAY_BYTES: usize = 4;
const TIME_BYTES: usize = 8;

impl SealedCookies {
    /// `is_secure` is true where the public URL is https: then names get the `__Host-` prefix.
    pub fn new(
        master: &MasterKey,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        is_secure: bool,
    ) -> Self {
        Self {
            master: master.for_use("sealed-cookies"),
            clock,
            random,
            is_secure,
        }
    }

    /// The name of a cookie under the rules of its scheme.
    /// Plain http on a loopback address knows no `__Host-`.
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

    /// A `Set-Cookie` value that holds `value` for `max_age`;
    /// `None` if it cannot be put into a cookie.
    pub fn seal<T: Serialize>(
        &self,
        name: &str,
        value: &T,
        max_age: time::Duration,
    ) -> Option<HeaderValue> {
        let text = self.seal_text(name, value, max_age)?;
        self.plain(name, &text, max_age)
    }

    /// A `Set-Cookie` value for what is no secret and may be changed by its owner;
    /// `None` if it cannot be put into a cookie.
    pub fn plain(&self, name: &str, value: &str, max_age: time::Duration) -> Option<HeaderValue> {
        let (name, value) = (self.name(name), value.to_owned());
        let cookie = protected_cookie(name, value, max_age, self.is_secure);
        cookie.to_string().parse().ok()
    }

    /// What a cookie of the request holds.
    pub fn open<T: DeserializeOwned>(&self, name: &str, headers: &HeaderMap) -> Option<T> {
        self.open_text(name, cookie(headers, &self.name(name))?)
    }

    /// A `Set-Cookie` value that removes the cookie.
    pub fn remove(&self, name: &str) -> Option<HeaderValue> {
        self.plain(name, "", time::Duration::ZERO)
    }

    /// The value in letters that an address or a form takes as they are, good for `life`. `name`
    /// says what it is for: it opens under the same name alone.
    pub fn seal_text<T: Serialize>(
        &self,
        name: &str,
        value: &T,
        life: time::Duration,
    ) -> Option<String> {
        let now = self.clock.now();
        let day = i32::try_from(now.unix_timestamp() / SECONDS_OF_DAY)
            .ok()?
            .to_be_bytes();
        let end = (now + life).unix_timestamp().to_be_bytes();
        let plain = [end.as_slice(), &serde_json::to_vec(value).ok()?].concat();
        let key = self.key(name, day);
        let sealed = key.seal_bytes(&day, &plain, &*self.random).ok()?;
        Some(URL_SAFE_NO_PAD.encode([day.as_slice(), &sealed].concat()))
    }

    /// What such a text holds; `None` if it was not sealed under this name,
    /// was changed, or is past its time.
    pub fn open_text<T: DeserializeOwned>(&self, name: &str, text: &str) -> Option<T> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (day, sealed) = bytes.split_first_chunk::<DAY_BYTES>()?;
        let plain = self.key(name, *day).open_bytes(day, sealed).ok()?;
        let (end, value) = plain.split_first_chunk::<TIME_BYTES>()?;
        let is_live = self.clock.now().unix_timestamp() < i64::from_be_bytes(*end);
        is_live.then(|| serde_json::from_slice(value).ok())?
    }

    fn key(&self, name: &str, day: [u8; DAY_BYTES]) -> MasterKey {
        let day = i32::from_be_bytes(day);
        self.master.for_use(&format!("{day} {name}"))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use http::header;
    use time::OffsetDateTime;
    use vestibule_core::SystemRandom;

    use super::*;

    struct SettableClock(Mutex<OffsetDateTime>);

    impl Clock for SettableClock {
        fn now(&self) -> OffsetDateTime {
            *self.0.lock().unwrap()
        }
    }

    const LIFE: time::Duration = time::Duration::minutes(5);

    fn sealing(key: u8, clock: &Arc<SettableClock>) -> SealedCookies {
        let master = base64::engine::general_purpose::STANDARD.encode([key; 32]);
        let master = MasterKey::parse(&master).unwrap();
        let clock: Arc<dyn Clock> = clock.clone();
        SealedCookies::new(&master, clock, Arc::new(SystemRandom), true)
    }

    fn clock() -> Arc<SettableClock> {
        Arc::new(SettableClock(Mutex::new(OffsetDateTime::UNIX_EPOCH)))
    }

    fn sent_back(set_cookie: &HeaderValue) -> HeaderMap {
        let pair = set_cookie.to_str().unwrap().split(';').next().unwrap();
        HeaderMap::from_iter([(header::COOKIE, pair.parse().unwrap())])
    }

    #[test]
    fn only_what_was_sealed_here_opens() {
        let clock = clock();
        let cookies = sealing(1, &clock);
        let set_cookie = cookies.seal("flash", &("code", 7), LIFE).unwrap();
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
        let renamed = text.replace("__Host-flash=", "__Host-other=");
        let renamed = sent_back(&renamed.parse().unwrap());
        assert_eq!(cookies.open::<(String, u8)>("other", &renamed), None);
        assert_eq!(
            sealing(2, &clock).open::<(String, u8)>("flash", &headers),
            None
        );
    }

    #[test]
    fn a_text_opens_under_its_name_and_as_it_was_sealed() {
        let clock = clock();
        let cookies = sealing(1, &clock);
        let text = cookies.seal_text("link", &"token", LIFE).unwrap();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        assert!(text.chars().all(is_plain), "{text}");
        let opened = |name, text: &str| cookies.open_text::<String>(name, text);
        assert_eq!(opened("link", &text).as_deref(), Some("token"));
        assert_eq!(opened("other", &text), None);
        for at in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[at] = if changed[at] == b'x' { b'y' } else { b'x' };
            assert_eq!(opened("link", std::str::from_utf8(&changed).unwrap()), None);
        }
        for bad in ["", "x", "AAAAAA", &text[1..], &format!("{text}A")] {
            assert_eq!(opened("link", bad), None, "{bad}");
        }
    }

    #[test]
    fn a_cookie_is_good_for_its_time_and_no_longer_whatever_the_browser_keeps() {
        let clock = clock();
        let cookies = sealing(1, &clock);
        let seal = |days| {
            let life = time::Duration::days(days);
            cookies.seal_text("known", &days, life).unwrap()
        };
        let (short, long) = (seal(1), seal(400));
        let pass = |time: time::Duration| *clock.0.lock().unwrap() += time;
        let open = |text: &str| cookies.open_text::<i64>("known", text);
        pass(time::Duration::days(1) - time::Duration::seconds(1));
        assert_eq!((open(&short), open(&long)), (Some(1), Some(400)));
        pass(time::Duration::seconds(1));
        assert_eq!((open(&short), open(&long)), (None, Some(400)));
        pass(time::Duration::days(398));
        assert_eq!(open(&long), Some(400));
        pass(time::Duration::days(1));
        assert_eq!(open(&long), None);
    }

    #[test]
    fn every_name_and_day_has_a_key_of_its_own() {
        let cookies = sealing(1, &clock());
        let key = |name, day: i32| {
            let key = cookies.key(name, day.to_be_bytes());
            key.to_text().to_string()
        };
        assert_eq!(key("flash", 1), key("flash", 1));
        assert_ne!(key("flash", 1), key("flash", 2));
        assert_ne!(key("flash", 1), key("known", 1));
    }
}
