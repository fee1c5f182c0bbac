//! What a Redis URL says, before anything is opened.

use std::io;

use redis::{Client, ConnectionAddr, IntoConnectionInfo as _, TlsCertificates};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;
use vestibule_core::is_loopback;

/// `REDIS_URL` is of no use.
#[derive(Debug, thiserror::Error)]
pub enum InvalidRedisUrl {
    /// The message does not repeat the URL, which may hold a password.
    #[error(
        "must be redis://[user:password@]host[:port][/database], or rediss:// for TLS, with special characters percent-encoded (@ is %40)"
    )]
    Malformed,
    #[error(
        "names a Redis on another machine, which production reaches over TLS: write rediss:// instead of redis://, or add ?sslmode=disable where the network is trusted"
    )]
    NotEncrypted,
    #[error("has #insecure, and an encrypted connection checks the certificate: take it away")]
    NotVerified,
    #[error(
        "has an sslmode other than sslmode=disable: redis:// encrypts nothing, and rediss:// always does"
    )]
    SslMode,
    #[error("has an sslrootcert that names a file which cannot be read: {0}")]
    RootCertificate(io::Error),
    #[error("has an sslrootcert that names a file which holds no certificate in PEM")]
    NoCertificate,
    #[error("has the parameter `{0}`, which is not known or not for this kind of connection")]
    UnknownParameter(String),
}

/// What is wrong with a URL, if anything.
///
/// # Errors
/// Also, with `is_production`, where passwords or limits would travel in clear and the URL does not
/// say that they may.
pub fn check_redis_url(url: &SecretString, is_production: bool) -> Result<(), InvalidRedisUrl> {
    let text = url.expose_secret();
    client(text)?;
    let is_meant = parse(text)?
        .query_pairs()
        .any(|(name, _)| name == "sslmode");
    if is_production && !is_meant && is_redis_in_clear(url) {
        return Err(InvalidRedisUrl::NotEncrypted);
    }
    Ok(())
}

/// Whether what is asked of a Redis on another machine can be read on the way. A URL that
/// [`check_redis_url`] refuses is none.
pub fn is_redis_in_clear(url: &SecretString) -> bool {
    let info = url.expose_secret().into_connection_info();
    info.is_ok_and(|info| matches!(info.addr(), ConnectionAddr::Tcp(host, _) if !is_loopback(host)))
}

/// A client that believes the authorities of `sslrootcert` where the URL names them, and the public
/// ones otherwise.
pub(super) fn client(text: &str) -> Result<Client, InvalidRedisUrl> {
    let info = text
        .into_connection_info()
        .map_err(|_| InvalidRedisUrl::Malformed)?;
    if let ConnectionAddr::TcpTls { insecure: true, .. } = info.addr() {
        return Err(InvalidRedisUrl::NotVerified);
    }
    let url = parse(text)?;
    check_parameters(&url, info.addr())?;
    match root_certificate(&url)? {
        Some(root_cert) => {
            let certificates = TlsCertificates {
                client_tls: None,
                root_cert: Some(root_cert),
            };
            Client::build_with_tls(text, certificates).map_err(|_| InvalidRedisUrl::NoCertificate)
        }
        None => Client::open(text).map_err(|_| InvalidRedisUrl::Malformed),
    }
}

/// The portal's, in the words of a PostgreSQL URL, and the driver's,
/// which passes over one that it does not know.
fn check_parameters(url: &Url, address: &ConnectionAddr) -> Result<(), InvalidRedisUrl> {
    let known: &[&str] = match address {
        ConnectionAddr::Tcp(..) => &["protocol", "sslmode"],
        ConnectionAddr::TcpTls { .. } => &["protocol", "sslrootcert"],
        _ => &["db", "pass", "protocol", "user"],
    };
    for (name, value) in url.query_pairs() {
        if !known.contains(&&*name) {
            return Err(InvalidRedisUrl::UnknownParameter(name.into_owned()));
        }
        if name == "sslmode" && value != "disable" {
            return Err(InvalidRedisUrl::SslMode);
        }
    }
    Ok(())
}

fn parse(text: &str) -> Result<Url, InvalidRedisUrl> {
    Url::parse(text).map_err(|_| InvalidRedisUrl::Malformed)
}

/// The file that the URL names as a PostgreSQL URL does: `rediss://host?sslrootcert=FILE`.
fn root_certificate(url: &Url) -> Result<Option<Vec<u8>>, InvalidRedisUrl> {
    let file = url
        .query_pairs()
        .find_map(|(name, value)| (name == "sslrootcert").then_some(value));
    let Some(file) = file else { return Ok(None) };
    let pem = std::fs::read(&*file).map_err(InvalidRedisUrl::RootCertificate)?;
    if !String::from_utf8_lossy(&pem).contains("-----BEGIN CERTIFICATE-----") {
        return Err(InvalidRedisUrl::NoCertificate);
    }
    Ok(Some(pem))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(url: &str, is_production: bool) -> Result<(), InvalidRedisUrl> {
        check_redis_url(&SecretString::from(url), is_production)
    }

    #[test]
    fn production_takes_what_is_encrypted_local_or_said_to_be_trusted() {
        for url in [
            "redis://127.0.0.1",
            "redis://localhost:6380/2",
            "redis://[::1]:6379",
            "rediss://:fake-password@redis.example.org:6379",
            "unix:///run/redis.sock",
            "unix:///run/redis.sock?db=3&user=ann",
            "redis://redis:6379/?sslmode=disable",
            "redis://:fake-password@10.0.0.5/1?sslmode=disable&protocol=resp3",
        ] {
            judge(url, true).unwrap();
            judge(url, false).unwrap();
        }
        for url in ["redis://redis.example.org", "redis://10.0.0.5:6379"] {
            judge(url, false).unwrap();
            let judged = judge(url, true);
            assert!(
                matches!(judged, Err(InvalidRedisUrl::NotEncrypted)),
                "{url}"
            );
        }
    }

    #[test]
    fn what_cannot_work_or_means_nothing_is_refused_everywhere() {
        let folder = tempfile::tempdir().unwrap();
        let empty = folder.path().join("empty.pem");
        std::fs::write(&empty, "no certificate").unwrap();
        let empty = format!("rediss://localhost/?sslrootcert={}", empty.display());
        for is_production in [false, true] {
            let refused = |url: &str| judge(url, is_production).unwrap_err();
            assert!(matches!(
                refused("rediss://redis.example.org/#insecure"),
                InvalidRedisUrl::NotVerified
            ));
            assert!(matches!(refused(&empty), InvalidRedisUrl::NoCertificate));
            for url in [
                "rediss://localhost/?sslmode=disable",
                "rediss://localhost?sslrootcrt=/ca.pem",
                "redis://localhost/?sslrootcert=/ca.pem",
                "redis://localhost/?sslmod=disable",
                "redis://localhost?db=3",
            ] {
                let refused = refused(url);
                assert!(
                    matches!(refused, InvalidRedisUrl::UnknownParameter(_)),
                    "{url}"
                );
            }
            assert!(matches!(
                refused("redis://localhost/?sslmode=require"),
                InvalidRedisUrl::SslMode
            ));
            for url in [
                "",
                "localhost",
                "http://localhost",
                "redis://localhost:port",
            ] {
                assert!(matches!(refused(url), InvalidRedisUrl::Malformed), "{url}");
            }
        }
    }

    #[test]
    fn what_travels_in_clear_is_known() {
        let clear = |url: &str| is_redis_in_clear(&SecretString::from(url));
        assert!(clear("redis://redis:6379/?sslmode=disable"));
        for url in [
            "redis://127.0.0.1",
            "rediss://redis.example.org",
            "unix:///run/redis.sock",
        ] {
            assert!(!clear(url), "{url}");
        }
    }
}
