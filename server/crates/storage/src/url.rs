//! What a database URL says, before anything is opened.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use percent_encoding::percent_decode_str;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::sqlite::SqliteConnectOptions;
use url::Url;
use vestibule_core::is_loopback;

use crate::error::ConnectError;

/// Checks a database URL without opening anything.
///
/// In production PostgreSQL on another machine must be reached in a way that is certain:
/// `sslmode=prefer`, which is the default of the driver, and `allow` do without encryption where
/// the server, or an attacker on the way, says so.
///
/// # Errors
/// What is wrong, without the URL.
pub fn check_url(url: &str, is_production: bool) -> std::result::Result<(), ConnectError> {
    match url.split_once(':').map(|(scheme, _)| scheme) {
        Some("sqlite") => check_sqlite_url(url),
        Some("postgres" | "postgresql") => check_postgres_url(url, is_production),
        _ => Err(ConnectError::UnknownScheme),
    }
}

/// The file of an SQLite URL.
pub fn sqlite_file(url: &str) -> Option<PathBuf> {
    let options = SqliteConnectOptions::from_str(url).ok();
    let options = options.filter(|_| url.starts_with("sqlite:"))?;
    Some(options.get_filename().to_owned())
}

/// In memory each connection would have a database of its own.
pub(crate) fn is_in_memory(url: &str, file: &Path) -> bool {
    url.contains(":memory:") || url.contains("mode=memory") || file.as_os_str().is_empty()
}

fn check_sqlite_url(url: &str) -> std::result::Result<(), ConnectError> {
    let options = SqliteConnectOptions::from_str(url).map_err(ConnectError::invalid_url)?;
    if is_in_memory(url, options.get_filename()) {
        return Err(ConnectError::InMemory);
    }
    let query = url.split_once('?').map_or("", |(_, query)| query);
    if query.contains("mode=ro") || query.contains("immutable=") {
        return Err(ConnectError::ReadOnly);
    }
    Ok(())
}

fn check_postgres_url(url: &str, is_production: bool) -> std::result::Result<(), ConnectError> {
    let options = PgConnectOptions::from_str(url).map_err(ConnectError::invalid_url)?;
    let parsed = Url::parse(url).map_err(|error| ConnectError::InvalidUrl(error.to_string()))?;
    check_parameters(&parsed)?;
    let is_plain = |text: &str| stringprep::saslprep(text).is_ok();
    if !is_plain(options.get_username()) || !password(&parsed).is_none_or(|text| is_plain(&text)) {
        return Err(ConnectError::Unprepared);
    }
    let names_root = ["sslrootcert=", "ssl-root-cert=", "ssl-ca="]
        .iter()
        .any(|name| url.contains(name));
    if names_root && !verifies(&options) {
        return Err(ConnectError::RootIsIgnored);
    }
    let mode = options.get_ssl_mode();
    let is_uncertain = matches!(mode, PgSslMode::Prefer | PgSslMode::Allow);
    if is_production && is_uncertain && !is_local(&options) {
        return Err(ConnectError::MayFallBack);
    }
    Ok(())
}

/// The driver passes over a parameter that it does not know,
/// and finds out about a missing file with every connection.
fn check_parameters(url: &Url) -> std::result::Result<(), ConnectError> {
    const FILES: [&str; 7] = [
        "sslrootcert",
        "ssl-root-cert",
        "ssl-ca",
        "sslcert",
        "ssl-cert",
        "sslkey",
        "ssl-key",
    ];
    const OTHERS: [&str; 11] = [
        "sslmode",
        "ssl-mode",
        "statement-cache-capacity",
        "host",
        "hostaddr",
        "port",
        "dbname",
        "user",
        "password",
        "application_name",
        "options",
    ];
    for (name, value) in url.query_pairs() {
        let is_file = FILES.contains(&&*name);
        if !is_file && !OTHERS.contains(&&*name) && !name.starts_with("options[") {
            return Err(ConnectError::UnknownParameter(name.into_owned()));
        }
        if is_file && !value.starts_with("-----BEGIN") {
            std::fs::File::open(&*value).map_err(|source| ConnectError::Certificate {
                name: name.into_owned(),
                path: PathBuf::from(&*value),
                source,
            })?;
        }
    }
    Ok(())
}

fn password(url: &Url) -> Option<String> {
    let mut parameters = url.query_pairs();
    let by_name = parameters.find_map(|(name, value)| (name == "password").then_some(value));
    let password = by_name.map(Cow::into_owned);
    password.or_else(|| {
        let text = percent_decode_str(url.password()?).decode_utf8();
        text.ok().map(Cow::into_owned)
    })
}

/// Whether PostgreSQL is on another machine.
pub fn is_elsewhere(url: &str) -> bool {
    elsewhere(url).is_some()
}

/// Whether PostgreSQL is on another machine, and nothing proves that it is the right one: an
/// attacker who is on the way can read, or be, the database. A URL that [`check_url`] refuses is
/// none.
pub fn is_unverified(url: &str) -> bool {
    elsewhere(url).is_some_and(|options| !verifies(&options))
}

fn elsewhere(url: &str) -> Option<PgConnectOptions> {
    let is_postgres = url.starts_with("postgres:") || url.starts_with("postgresql:");
    let options = PgConnectOptions::from_str(url).ok().filter(|_| is_postgres);
    options.filter(|options| !is_local(options))
}

fn verifies(options: &PgConnectOptions) -> bool {
    let mode = options.get_ssl_mode();
    matches!(mode, PgSslMode::VerifyFull | PgSslMode::VerifyCa)
}

fn is_local(options: &PgConnectOptions) -> bool {
    // A host may be the folder of a socket.
    let host = options.get_host();
    options.get_socket().is_some() || host.starts_with('/') || is_loopback(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_elsewhere_that_proves_nothing_differs_from_the_others() {
        for url in [
            "postgres://db.example.org/x?sslmode=disable",
            "postgresql://db.example.org/x?sslmode=allow",
            "postgres://10.0.0.1/x?sslmode=prefer",
            "postgres://[2001:db8::1]/x?sslmode=require",
            "postgres://db.example.org/x",
        ] {
            assert!(is_unverified(url), "{url}");
        }
        for url in [
            "postgres://db.example.org/x?sslmode=verify-full",
            "postgres://db.example.org/x?sslmode=verify-ca",
            "postgres://localhost/x?sslmode=disable",
            "postgres://127.0.0.1:5433/x",
            "postgres://[::1]/x?sslmode=require",
            "postgres:///x?host=/run/postgresql",
            "sqlite:x.db",
            "nonsense",
        ] {
            assert!(!is_unverified(url), "{url}");
        }
    }

    #[test]
    fn a_url_that_cannot_work_is_refused_with_what_is_wrong() {
        for (url, says) in [
            ("sqlite::memory:", "in memory"),
            ("sqlite:", "in memory"),
            ("sqlite:x.db?mode=memory", "in memory"),
            ("sqlite:x.db?mode=ro", "read only"),
            ("sqlite:x.db?immutable=1", "read only"),
            ("sqlite:x.db?mood=rw", "cannot be read"),
            (
                "postgres://ann:secret@host:port/x",
                "cannot be read: invalid port number",
            ),
            ("postgres://localhost/x?sslmod=verify-full", "`sslmod`"),
            ("postgres://localhost/x?sslmode=sure", "cannot be read"),
            ("postgres://ann:\u{1f511}secret@localhost/x", "SASLprep"),
            ("postgres://ann:%F0%9F%94%91secret@localhost/x", "SASLprep"),
            (
                "postgres://localhost/x?user=ann&password=%F0%9F%94%91secret",
                "SASLprep",
            ),
            (
                "postgres://localhost/x?sslmode=verify-ca&sslrootcert=/nonexistent/ca.pem",
                "sslrootcert names /nonexistent/ca.pem, which cannot be read",
            ),
            ("mysql://localhost", "must begin with"),
        ] {
            let error = check_url(url, false).unwrap_err().to_string();
            assert!(error.contains(says), "{url}: {error}");
            assert!(!error.contains("secret"), "{error}");
            assert!(!error.contains("error with configuration"), "{error}");
        }
        for url in [
            "sqlite:data/x.db",
            "sqlite://x.db?mode=rwc",
            "postgres://ann:p%C3%A4ss@localhost/x?application_name=portal",
        ] {
            check_url(url, false).unwrap();
        }
    }

    #[test]
    fn the_file_of_a_url_is_the_one_that_the_driver_opens() {
        for (url, file) in [
            ("sqlite:data/x.db", Some("data/x.db")),
            ("sqlite:///var/x.db?mode=rwc", Some("/var/x.db")),
            ("sqlite:a%20b.db", Some("a b.db")),
            ("postgres://localhost/x", None),
        ] {
            assert_eq!(sqlite_file(url), file.map(PathBuf::from), "{url}");
        }
    }
}
