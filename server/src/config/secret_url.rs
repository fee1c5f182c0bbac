//! URLs that hold a password. The messages never show the URL.

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};

use super::reader::Reader;
use super::setting::Key;

impl Reader<'_> {
    /// A URL as the part that uses it checks it.
    pub(super) fn secret_url<E: fmt::Display>(
        &mut self,
        key: Key<Option<SecretString>>,
        check: impl FnOnce(&SecretString) -> Result<(), E>,
    ) -> Option<SecretString> {
        let url = self.get(key)?;
        if let Some(remedy) = unencoded(url.expose_secret()) {
            self.refuse(key, &remedy);
        } else if let Err(error) = check(&url) {
            self.refuse(key, &error.to_string());
        }
        Some(url)
    }
}

/// What of a user or password has to be written in another way. Without this the rest of a password
/// is taken for a port, a path or a fragment, and the message is about that.
fn unencoded(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let delimiter = tail.chars().next();
    // `user:pass#word@host`: what is before the delimiter
    // looks like host and port, and the host comes after it.
    let is_cut = !authority.contains('@')
        && authority.contains(':')
        && tail
            .split_once('@')
            .is_some_and(|(before, _)| !is_in_query(before));
    let escape = |character: char| format!("%{:02X}", u32::from(character));
    if let Some(delimiter) = delimiter.filter(|_| is_cut) {
        return Some(format!(
            "has a `{delimiter}` in its user or password: percent-encode it there, as {}",
            escape(delimiter)
        ));
    }
    if delimiter == Some('#') || tail.contains('#') {
        return (!tail.ends_with("#insecure")).then(|| {
            "has a `#`, which begins no part of such a URL: percent-encode it, as %23".to_owned()
        });
    }
    let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
    let is_escape = |text: &str| {
        let mut digits = text.chars().take(2);
        digits.by_ref().filter(char::is_ascii_hexdigit).count() == 2
    };
    let is_stray = user.split('%').skip(1).any(|text| !is_escape(text));
    is_stray
        .then(|| "has a `%` in its user or password: percent-encode it there, as %25".to_owned())
}

/// Whether an `@` after this text belongs to a parameter, like `?user=ann@server`.
fn is_in_query(before: &str) -> bool {
    before
        .split_once('?')
        .is_some_and(|(_, query)| query.contains('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_to_be_percent_encoded_is_named_and_the_password_is_not() {
        for (url, character) in [
            ("postgres://ann:not#secret@db.example.org/x", "%23"),
            ("postgres://ann:12/34secret@db.example.org/x", "%2F"),
            ("postgres://ann:not?secret@db.example.org/x", "%3F"),
            ("redis://:1/secret@localhost:6379/0", "%2F"),
            ("smtps://ann:not#secret@mail.example.org", "%23"),
            ("smtps://ann:100%secret@mail.example.org", "%25"),
            ("postgres://ann:secret%@db.example.org/x", "%25"),
            ("postgres://db.example.org/x#secret", "%23"),
        ] {
            let remedy = unencoded(url).unwrap();
            assert!(remedy.contains(character), "{url}: {remedy}");
            assert!(!remedy.contains("secret"), "{remedy}");
        }
        for url in [
            "postgres://ann:p%23w@db.example.org:5432/x?sslmode=verify-full",
            "postgres://db.example.org:5432/x?user=ann@server",
            "postgres://ann@server:pw@db.example.org/x",
            "postgres:///x?host=/run/postgresql",
            "redis://:a:b@localhost:6379/0",
            "rediss://redis.example.org/#insecure",
            "smtp://localhost:1025?tls=required",
            "sqlite:data/100%.db",
        ] {
            assert_eq!(unencoded(url), None, "{url}");
        }
    }
}
