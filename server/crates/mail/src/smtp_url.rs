use url::Url;
use vestibule_core::is_loopback;

/// An `SMTP_URL` that Vestibule does not start with. The text never shows the URL: it holds a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSmtpUrl {
    #[error("is not a URL such as smtps://user:password@mail.example.org")]
    Malformed,
    #[error("must begin with smtps:// or smtp://")]
    Scheme,
    #[error("names no host")]
    Host,
    #[error("has a query other than ?tls=required or ?tls=opportunistic (which belong to smtp://)")]
    Query,
    #[error("has a user without a password, or a password without a user")]
    Credentials,
    #[error("would send mail without encryption: use smtps://, or smtp:// with ?tls=required")]
    Unencrypted,
    #[error("uses ?tls=opportunistic, which falls back to no encryption: use ?tls=required")]
    Opportunistic,
}

/// Checks an `SMTP_URL`:
///
/// | URL | connection | default port |
/// |---|---|---|
/// | `smtps://user:password@host` | TLS from the first byte | 465 |
/// | `smtp://user:password@host?tls=required` | STARTTLS; no mail leaves without it | 587 |
/// | `smtp://host?tls=opportunistic` | STARTTLS if the server offers it | 587 |
/// | `smtp://host` | never encrypted | 25 |
///
/// In production the last two are refused unless the host is this machine: links that sign people in do not travel in
/// the clear, and a stripped STARTTLS must stop the mail (ASVS 12.3.1). Special characters in user and password are
/// percent-encoded. A path is what EHLO says.
///
/// # Errors
/// What is wrong, without the URL.
pub fn validate_url(url: &str, production: bool) -> Result<(), InvalidSmtpUrl> {
    let url = Url::parse(url).map_err(|_| InvalidSmtpUrl::Malformed)?;
    let encrypted = match url.scheme() {
        "smtps" => true,
        "smtp" => false,
        _ => return Err(InvalidSmtpUrl::Scheme),
    };
    let host = url
        .host_str()
        .filter(|host| !host.is_empty())
        .ok_or(InvalidSmtpUrl::Host)?;
    if url.username().is_empty() == url.password().is_some() {
        return Err(InvalidSmtpUrl::Credentials);
    }
    let queries: Vec<_> = url.query_pairs().collect();
    let weakness = match queries.as_slice() {
        [] if encrypted => None,
        [] => Some(InvalidSmtpUrl::Unencrypted),
        [(key, value)] if key == "tls" && !encrypted => match value.as_ref() {
            "required" => None,
            "opportunistic" => Some(InvalidSmtpUrl::Opportunistic),
            _ => return Err(InvalidSmtpUrl::Query),
        },
        _ => return Err(InvalidSmtpUrl::Query),
    };
    match weakness {
        Some(weakness) if production && !is_loopback(host) => Err(weakness),
        _ => Ok(()),
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
            "smtp://127.0.0.1?tls=opportunistic",
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

    #[test]
    fn malformed_urls_are_refused_everywhere() {
        let cases = [
            ("", InvalidSmtpUrl::Malformed),
            ("mail.example.org", InvalidSmtpUrl::Malformed),
            ("https://mail.example.org", InvalidSmtpUrl::Scheme),
            ("smtp:mail.example.org", InvalidSmtpUrl::Host),
            ("smtp://", InvalidSmtpUrl::Host),
            ("smtps://ann@mail.example.org", InvalidSmtpUrl::Credentials),
            (
                "smtps://:secret@mail.example.org",
                InvalidSmtpUrl::Credentials,
            ),
            ("smtp://mail.example.org?tls=yes", InvalidSmtpUrl::Query),
            (
                "smtp://mail.example.org?tsl=required",
                InvalidSmtpUrl::Query,
            ),
            (
                "smtp://mail.example.org?tls=required&tls=opportunistic",
                InvalidSmtpUrl::Query,
            ),
            (
                "smtps://mail.example.org?tls=required",
                InvalidSmtpUrl::Query,
            ),
        ];
        for (url, error) in cases {
            assert_eq!(validate_url(url, false), Err(error), "{url}");
        }
    }
}
