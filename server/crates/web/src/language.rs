//! Which language a request is answered in.

use http::{Extensions, HeaderMap, header};
use vestibule_core::model::Language;
use vestibule_i18n::negotiate;

use crate::cookies::cookie;

/// The cookie that keeps a visitor's choice. It holds one of the portal's codes and nothing else.
pub const LANGUAGE_COOKIE: &str = "language";
/// The same with the prefix that cookies get where the public URL is https.
const SECURE_LANGUAGE_COOKIE: &str = "__Host-language";

/// The operator's choice for who asks for no language that there is: an extension of every request.
#[derive(Clone, Copy, Debug)]
pub struct DefaultLanguage(pub Language);

/// The language of a page: what the visitor chose on a page before, or what the browser asks for.
pub fn page_language(headers: &HeaderMap, extensions: &Extensions) -> Language {
    let chosen = [SECURE_LANGUAGE_COOKIE, LANGUAGE_COOKIE]
        .into_iter()
        .find_map(|name| Language::from_code(cookie(headers, name)?));
    chosen.unwrap_or_else(|| requested_language(headers, extensions))
}

/// The language that a request asks for, for calls that know no cookies.
pub fn requested_language(headers: &HeaderMap, extensions: &Extensions) -> Language {
    let accept = headers.get(header::ACCEPT_LANGUAGE);
    let default = extensions.get::<DefaultLanguage>();
    negotiate(
        accept.and_then(|value| value.to_str().ok()),
        default.map_or_else(Language::default, |default| default.0),
    )
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(accept: &str, cookie: &str) -> HeaderMap {
        HeaderMap::from_iter([
            (
                header::ACCEPT_LANGUAGE,
                HeaderValue::from_str(accept).unwrap(),
            ),
            (header::COOKIE, HeaderValue::from_str(cookie).unwrap()),
        ])
    }

    #[test]
    fn a_choice_goes_before_what_the_browser_asks_for() {
        for (accept, cookie, code) in [
            ("de", "", "de"),
            ("de", "language=en", "en"),
            ("en", "sid=x; language=de", "de"),
            ("en", "__Host-language=de", "de"),
            // Another host of the domain can set the plain name, but not the prefixed one.
            ("en", "language=en; __Host-language=de", "de"),
        ] {
            let language = page_language(&headers(accept, cookie), &Extensions::new());
            assert_eq!(language.as_str(), code, "{accept} {cookie}");
        }
    }
}
