//! Where a visitor goes on to after signing in: a path of this origin and nothing else.

use std::fmt::Write as _;

const MAX_LENGTH: usize = 500;

/// Where people go who came from nowhere in particular.
const DEFAULT: &str = "/account";

/// A path that is safe to redirect to and to put into a link.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReturnTo(Option<String>);

impl ReturnTo {
    /// Anything but a path of this origin counts as none.
    ///
    /// Browsers read a backslash as a slash and drop tabs and line breaks, so `/\host` and
    /// `/\t/host` leave the origin as `//host` does. Paths that a browser has sent are visible
    /// ASCII, which shuts all of these out at once.
    pub fn parse(text: &str) -> Self {
        let is_local = text.starts_with('/') && !text.starts_with("//");
        let is_plain = text.len() <= MAX_LENGTH
            && text
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        Self((is_local && is_plain).then(|| text.to_owned()))
    }

    /// Back to the page of a request.
    pub fn to_page(uri: &http::Uri) -> Self {
        Self::parse(uri.path_and_query().map_or("", |path| path.as_str()))
    }

    /// The path to go on to.
    pub fn path(&self) -> &str {
        self.0.as_deref().unwrap_or(DEFAULT)
    }

    /// The value of a hidden field; `None` if nothing has to be carried along.
    pub fn field_value(self) -> Option<String> {
        self.0
    }

    /// A link to `page` that carries the path along.
    pub fn link(&self, page: &str) -> String {
        match &self.0 {
            Some(path) => with_query(page, "return_to", path),
            None => page.to_owned(),
        }
    }
}

/// A path with one more value in its query.
pub fn with_query(path: &str, name: &str, value: &str) -> String {
    let (path, fragment) = path.split_at(path.find('#').unwrap_or(path.len()));
    let separator = if path.contains('?') { '&' } else { '?' };
    format!("{path}{separator}{name}={}{fragment}", encode(value))
}

/// Percent-encodes a query value, but for the slashes, which may stay (RFC 3986, 3.4).
fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_this_origin_is_kept() {
        for good in [
            "/",
            "/account",
            "/account/password?tab=1&x=%2F#top",
            "/a//b",
        ] {
            assert_eq!(ReturnTo::parse(good).path(), good);
        }
    }

    #[test]
    fn anything_else_leads_to_the_account() {
        let long = format!("/{}", "a".repeat(MAX_LENGTH));
        for bad in [
            "",
            "account",
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "/a\\b",
            "/\t/evil.example",
            "/a\r\nSet-Cookie: x=y",
            "/a\0b",
            "/ä",
            "/a b",
            "javascript:alert(1)",
            " /account",
            &long,
        ] {
            assert_eq!(ReturnTo::parse(bad), ReturnTo::default(), "{bad:?}");
        }
        assert_eq!(ReturnTo::default().path(), "/account");
    }

    #[test]
    fn a_link_carries_the_path_encoded() {
        let to = ReturnTo::parse("/authorize?client=a&scope=b");
        assert_eq!(
            to.link("/login"),
            "/login?return_to=/authorize%3Fclient%3Da%26scope%3Db"
        );
        assert_eq!(ReturnTo::default().link("/login"), "/login");
        assert_eq!(with_query("/a?b=c#d", "e", "f g"), "/a?b=c&e=f%20g#d");
    }
}
