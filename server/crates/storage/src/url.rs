//! What a database URL says, before anything is opened.

use std::str::FromStr as _;

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use vestibule_core::is_loopback;

use crate::error::ConnectError;

/// Checks a database URL without opening anything.
///
/// In production PostgreSQL on another machine must be reached in a way that is certain: `sslmode=prefer`, which is the
/// default of the driver, and `allow` do without encryption where the server, or somebody on the way, says so.
///
/// # Errors
/// What is wrong, without the URL.
pub fn check_url(url: &str, is_production: bool) -> std::result::Result<(), ConnectError> {
    match url.split_once(':').map(|(scheme, _)| scheme) {
        Some("sqlite") => Ok(()),
        Some("postgres" | "postgresql") => check_postgres_url(url, is_production),
        _ => Err(ConnectError::UnknownScheme),
    }
}

fn check_postgres_url(url: &str, is_production: bool) -> std::result::Result<(), ConnectError> {
    let options = PgConnectOptions::from_str(url).map_err(ConnectError::InvalidUrl)?;
    let mode = options.get_ssl_mode();
    let verifies = matches!(mode, PgSslMode::VerifyFull | PgSslMode::VerifyCa);
    let names_root = ["sslrootcert=", "ssl-root-cert=", "ssl-ca="]
        .iter()
        .any(|name| url.contains(name));
    if names_root && !verifies {
        return Err(ConnectError::RootIsIgnored);
    }
    let is_uncertain = matches!(mode, PgSslMode::Prefer | PgSslMode::Allow);
    if is_production && is_uncertain && !is_local(&options) {
        return Err(ConnectError::MayFallBack);
    }
    Ok(())
}

/// Whether PostgreSQL is on another machine, and nothing proves that it is the right one: whoever is on the way can read, or
/// be, the database. A URL that [`check_url`] refuses is none.
pub fn is_unverified(url: &str) -> bool {
    let is_postgres = url.starts_with("postgres:") || url.starts_with("postgresql:");
    let options = PgConnectOptions::from_str(url).ok().filter(|_| is_postgres);
    options.is_some_and(|options| {
        let verifies = matches!(
            options.get_ssl_mode(),
            PgSslMode::VerifyFull | PgSslMode::VerifyCa
        );
        !verifies && !is_local(&options)
    })
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
    fn a_server_elsewhere_that_proves_nothing_is_told_from_the_others() {
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
}
