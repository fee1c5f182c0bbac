use std::io;

use url::Url;
use vestibule_core::is_loopback;

/// An `SMTP_URL` that Vestibule does not start with. The text never shows the URL: it holds a
/// password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSmtpUrl {
    #[error(
        "is not a URL such as smtps://user:password@mail.example.org, with special characters percent-encoded (@ is %40)"
    )]
    Malformed,
    #[error("must begin with smtps:// or smtp://")]
    Scheme,
    #[error("names no host")]
    Host,
    #[error(
        "has a query other than ?tls=required, ?tls=opportunistic or ?sslmode=disable (which belong to smtp://) and sslrootcert=FILE (which belongs to what is encrypted)"
    )]
    Query,
    #[error("has a user without a password, or a password without a user")]
    Credentials,
    #[error(
        "would send mail without encryption: use smtps://, or smtp:// with ?tls=required, or ?sslmode=disable where the network is trusted"
    )]
    Unencrypted,
    #[error("uses ?tls=opportunistic, which falls back to no encryption: use ?tls=required")]
    Opportunistic,
    #[error("has an sslrootcert that names a file which cannot be read: {0}")]
    RootCertificate(io::ErrorKind),
    #[error("has an sslrootcert that names a file which holds no certificate in PEM")]
    NoCertificate,
}

/// How mails travel to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encryption {
    /// TLS from the first byte.
    Wrapper,
    Required,
    Opportunistic,
    /// None; whether the URL says that this is meant.
    Never {
        is_meant: bool,
    },
}

/// What a URL says of encryption.
pub(crate) struct Transport {
    pub encryption: Encryption,
    /// The authorities that are believed, in PEM; `None`: the public ones.
    pub roots: Option<Vec<u8>>,
}

/// Checks an `SMTP_URL`:
///
/// | URL | connection | default port |
/// |---|---|---|
/// | `smtps://user:password@host` | TLS from the first byte | 465 |
/// | `smtp://user:password@host?tls=required` | STARTTLS; no mail leaves without it | 587 |
/// | `smtp://host?tls=opportunistic` | STARTTLS if the server offers it | 587 |
/// | `smtp://host` | never encrypted | 25 |
/// | `smtp://host?sslmode=disable` | the same, in a network that is trusted | 25 |
///
/// In production the third and fourth are refused unless the host is this machine: links that sign
/// people in do not travel in the clear where nobody said so, and a stripped STARTTLS must stop the
/// mail (ASVS 12.3.1). `sslrootcert=FILE` names the authority of the server's certificate where it
/// is not a public one. Special characters in user and
/// password are percent-encoded. A path is what EHLO says.
///
/// # Errors
/// What is wrong, without the URL.
pub fn validate_url(url: &str, production: bool) -> Result<(), InvalidSmtpUrl> {
    let url = Url::parse(url).map_err(|_| InvalidSmtpUrl::Malformed)?;
    let transport = Transport::of(&url)?;
    let host = url
        .host_str()
        .filter(|host| !host.is_empty())
        .ok_or(InvalidSmtpUrl::Host)?;
    if url.username().is_empty() == url.password().is_some() {
        return Err(InvalidSmtpUrl::Credentials);
    }
    let weakness = match transport.encryption {
        Encryption::Never { is_meant: false } => InvalidSmtpUrl::Unencrypted,
        Encryption::Opportunistic => InvalidSmtpUrl::Opportunistic,
        _ => return Ok(()),
    };
    if production && !is_loopback(host) {
        return Err(weakness);
    }
    Ok(())
}

/// Whether mails to a server on another machine can be read on the way. A URL that [`validate_url`]
/// refuses is none.
pub fn is_smtp_in_clear(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else {
        return false;
    };
    let may_be = Transport::of(&url).is_ok_and(|transport| {
        matches!(
            transport.encryption,
            Encryption::Never { .. } | Encryption::Opportunistic
        )
    });
    may_be && url.host_str().is_some_and(|host| !is_loopback(host))
}

impl Transport {
    pub fn of(url: &Url) -> Result<Self, InvalidSmtpUrl> {
        let is_wrapped = match url.scheme() {
            "smtps" => true,
            "smtp" => false,
            _ => return Err(InvalidSmtpUrl::Scheme),
        };
        let mut encryption = is_wrapped.then_some(Encryption::Wrapper);
        let mut file = None;
        for (key, value) in url.query_pairs() {
            let said = match (&*key, &*value) {
                ("tls", "required") => Encryption::Required,
                ("tls", "opportunistic") => Encryption::Opportunistic,
                ("sslmode", "disable") => Encryption::Never { is_meant: true },
                ("sslrootcert", name) if file.is_none() => {
                    file = Some(name.to_owned());
                    continue;
                }
                _ => return Err(InvalidSmtpUrl::Query),
            };
            if encryption.replace(said).is_some() {
                return Err(InvalidSmtpUrl::Query);
            }
        }
        let encryption = encryption.unwrap_or(Encryption::Never { is_meant: false });
        if file.is_some() && matches!(encryption, Encryption::Never { .. }) {
            return Err(InvalidSmtpUrl::Query);
        }
        let roots = file.map(|file| read_certificates(&file)).transpose()?;
        Ok(Self { encryption, roots })
    }
}

fn read_certificates(file: &str) -> Result<Vec<u8>, InvalidSmtpUrl> {
    let pem = std::fs::read(file).map_err(|error| InvalidSmtpUrl::RootCertificate(error.kind()))?;
    if String::from_utf8_lossy(&pem).contains("-----BEGIN CERTIFICATE-----") {
        Ok(pem)
    } else {
        Err(InvalidSmtpUrl::NoCertificate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn production_accepts_what_is_encrypted_or_stays_on_this_machine() {
        for url in [
            "smtps://mail.example.org",
            "smtps://ann:p%40ss@mail.example.org:4465/id.example.org",
            "smtp://mail.example.org?tls=required",
            "smtp://ann:secret@mail.example.org:587?tls=required",
            "smtp://localhost:1025",
            "smtp://127.0.0.1:1025",
            "smtp://[::1]:1025",
            "smtp://LOCALHOST",
            "smtp://127.8.9.1",
            "smtp://127.0.0.1?tls=opportunistic",
            // In a pod or a network of containers.
            "smtp://mailpit:1025?sslmode=disable",
            "smtp://ann:secret@10.0.0.1?sslmode=disable",
        ] {
            assert_eq!(validate_url(url, true), Ok(()), "{url}");
            assert_eq!(validate_url(url, false), Ok(()), "{url}");
        }
    }

    #[test]
    fn production_refuses_what_could_travel_in_the_clear() {
        let cases = [
            ("smtp://mail.example.org", InvalidSmtpUrl::Unencrypted),
            (
                "smtp://ann:secret@mailpit:1025",
                InvalidSmtpUrl::Unencrypted,
            ),
            ("smtp://127.0.0.1.example.org", InvalidSmtpUrl::Unencrypted),
            ("smtp://localhost.example.org", InvalidSmtpUrl::Unencrypted),
            ("smtp://10.0.0.1", InvalidSmtpUrl::Unencrypted),
            ("smtp://128.0.0.1", InvalidSmtpUrl::Unencrypted),
            ("smtp://0.0.0.0", InvalidSmtpUrl::Unencrypted),
            ("smtp://[::2]", InvalidSmtpUrl::Unencrypted),
            (
                "smtp://mail.example.org?tls=opportunistic",
                InvalidSmtpUrl::Opportunistic,
            ),
        ];
        for (url, error) in cases {
            assert_eq!(validate_url(url, true), Err(error), "{url}");
            assert_eq!(validate_url(url, false), Ok(()), "{url}");
        }
    }

    const WITH_ANOTHER_QUERY: [&str; 9] = [
        "smtp://mail.example.org?tls=yes",
        "smtp://mail.example.org?tsl=required",
        "smtp://mail.example.org?tls=required&tls=opportunistic",
        "smtps://mail.example.org?tls=required",
        "smtps://mail.example.org?sslmode=disable",
        "smtp://mail.example.org?tls=required&sslmode=disable",
        "smtp://mail.example.org?sslmode=require",
        "smtp://mail.example.org?sslrootcert=/ca.pem",
        "smtps://mail.example.org?sslrootcert=/ca.pem&sslrootcert=/other.pem",
    ];

    #[test]
    fn malformed_urls_are_refused_everywhere() {
        use InvalidSmtpUrl::{Credentials, Host, Malformed, NoCertificate, Query, Scheme};
        let no_file = InvalidSmtpUrl::RootCertificate(io::ErrorKind::NotFound);
        let ca = |file: &str| format!("smtps://mail.example.org?sslrootcert={file}");
        for (error, urls) in [
            (Malformed, &["", "mail.example.org"] as &[&str]),
            (Scheme, &["https://mail.example.org"]),
            (Host, &["smtp:mail.example.org", "smtp://"]),
            (
                Credentials,
                &[
                    "smtps://ann@mail.example.org",
                    "smtps://:secret@mail.example.org",
                ],
            ),
            (Query, &WITH_ANOTHER_QUERY),
            (no_file, &[ca("/no/such/file").as_str()]),
            (NoCertificate, &[ca("/dev/null").as_str()]),
        ] {
            for url in urls {
                assert_eq!(validate_url(url, false), Err(error), "{url}");
            }
        }
    }

    #[test]
    fn what_travels_in_clear_is_known() {
        for url in [
            "smtp://mailpit:1025?sslmode=disable",
            "smtp://mail.example.org?tls=opportunistic",
        ] {
            assert!(is_smtp_in_clear(url), "{url}");
        }
        for url in [
            "smtp://127.0.0.1:1025",
            "smtp://mail.example.org?tls=required",
            "smtps://mail.example.org",
            "nonsense",
        ] {
            assert!(!is_smtp_in_clear(url), "{url}");
        }
    }
}
