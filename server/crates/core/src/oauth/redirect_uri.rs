//! Where answers may go (RFC 9700, 2.1; RFC 8252, 7).

use std::net::IpAddr;

use url::{Host, Url};

use crate::kernel::model::ClientKind;

const MAX_LENGTH: usize = 500;
/// The names under which answers come: an address that has one of them would have it twice.
const RESERVED: [&str; 7] = [
    "code",
    "state",
    "iss",
    "error",
    "error_description",
    "error_uri",
    "response",
];
/// Schemes that a browser takes for something of its own.
const DANGEROUS: [&str; 12] = [
    "javascript",
    "data",
    "vbscript",
    "file",
    "filesystem",
    "blob",
    "about",
    "intent",
    "mailto",
    "ws",
    "wss",
    "ftp",
];
/// Names of private networks (RFC 6762; RFC 8375; ICANN for `internal`).
const PRIVATE_NAMES: [&str; 5] = [".local", ".lan", ".internal", ".home.arpa", ".localhost"];

/// The addresses of this machine, as they stand in a URL. RFC 8252, 7.3 names the first two;
/// programs use the third as well.
const LOOPBACK: [&str; 3] = ["http://127.0.0.1", "http://[::1]", "http://localhost"];

/// Why an address is none that answers may go to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedirectUriError {
    #[error("is longer than {MAX_LENGTH} characters")]
    TooLong,
    #[error("is not an absolute URL in visible ASCII like https://app.example.org/callback")]
    NotAUrl,
    #[error("has to be written as {0}")]
    NotNormal(String),
    #[error("has a user, a fragment or a path with `..`, which it must not have")]
    Forbidden,
    #[error("has the parameter `{0}`, under which answers come")]
    Reserved(String),
    #[error(
        "has no TLS: only an address of this machine may do without, or one of a private network with --allow-http"
    )]
    NoTls,
    #[error(
        "has a scheme that is not an app's own: https://, or for kind native a reversed domain like org.example.app:/callback"
    )]
    Scheme,
}

/// Whether an address can be registered.
pub(super) fn check(
    uri: &str,
    kind: ClientKind,
    allows_http: bool,
) -> Result<(), RedirectUriError> {
    if uri.len() > MAX_LENGTH {
        return Err(RedirectUriError::TooLong);
    }
    let is_plain = uri
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && !b"\\\"<>^`{|}".contains(&byte));
    let url = Url::parse(uri).ok().filter(|_| is_plain);
    let url = url.ok_or(RedirectUriError::NotAUrl)?;
    let normal = url.as_str();
    if normal != uri && normal != format!("{uri}/") {
        return Err(RedirectUriError::NotNormal(normal.to_owned()));
    }
    let has_user = !url.username().is_empty() || url.password().is_some();
    if has_user || uri.contains('#') || url.path().split('/').any(leads_up) {
        return Err(RedirectUriError::Forbidden);
    }
    if let Some((name, _)) = url
        .query_pairs()
        .find(|(name, _)| RESERVED.contains(&name.as_ref()))
    {
        return Err(RedirectUriError::Reserved(name.into_owned()));
    }
    check_scheme(&url, kind, allows_http)
}

/// Whether a segment is taken for `..` by some server.
fn leads_up(segment: &str) -> bool {
    let segment = segment.to_ascii_lowercase().replace("%2e", ".");
    segment == ".." || segment.starts_with("..;") || segment.starts_with("..%")
}

fn check_scheme(url: &Url, kind: ClientKind, allows_http: bool) -> Result<(), RedirectUriError> {
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_loopback(url.as_str()) => Ok(()),
        "http" if allows_http && is_private(url) => Ok(()),
        "http" => Err(RedirectUriError::NoTls),
        scheme => {
            let is_own = scheme.contains('.') && !DANGEROUS.contains(&scheme);
            if kind == ClientKind::Native && is_own {
                Ok(())
            } else {
                Err(RedirectUriError::Scheme)
            }
        }
    }
}

fn is_loopback(uri: &str) -> bool {
    without_port(uri).is_some()
}

fn is_private(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_private() || address.is_link_local(),
        Some(Host::Ipv6(address)) => match IpAddr::from(address).to_canonical() {
            IpAddr::V4(address) => address.is_private(),
            IpAddr::V6(address) => address.is_unique_local() || address.is_unicast_link_local(),
        },
        Some(Host::Domain(name)) => {
            !name.contains('.') || PRIVATE_NAMES.iter().any(|end| name.ends_with(end))
        }
        None => false,
    }
}

/// Whether an answer may go to the address of a request: to a registered one as it is written, and
/// to an app on the user's own machine at any port (RFC 8252, 7.3).
pub(super) fn is_registered(uri: &str, registered: &[String], kind: ClientKind) -> bool {
    let is_same = |one: &String| one == uri;
    let is_same_but_port = |one: &String| {
        let given = without_port(uri);
        given.is_some() && given == without_port(one)
    };
    registered.iter().any(is_same)
        || (kind == ClientKind::Native && registered.iter().any(is_same_but_port))
}

/// An address of this machine in two parts, what stands before its port and what stands after it.
fn without_port(uri: &str) -> Option<(&str, &str)> {
    let host = LOOPBACK.into_iter().find(|host| {
        let rest = uri.strip_prefix(host);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/', '?']))
    })?;
    let rest = &uri[host.len()..];
    let Some(with_port) = rest.strip_prefix(':') else {
        return Some((host, rest));
    };
    let end = with_port
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(with_port.len());
    let (port, rest) = with_port.split_at(end);
    let is_port = port.parse::<u16>().is_ok_and(|port| port > 0);
    let is_end = rest.is_empty() || rest.starts_with(['/', '?']);
    (is_port && is_end).then_some((host, rest))
}

/// Whether the address belongs to an app by its scheme, which any other program of the machine may
/// claim: a browser leaves for it only by a press.
pub(super) fn is_of_own_scheme(uri: &str) -> bool {
    !(uri.starts_with("https://") || uri.starts_with("http://"))
}

/// The host that people know an app by; `None` for one with a scheme of its own.
pub(super) fn host(uri: &str) -> Option<String> {
    if is_of_own_scheme(uri) {
        return None;
    }
    Url::parse(uri).ok()?.host_str().map(str::to_owned)
}

#[cfg(test)]
#[path = "redirect_uri_tests.rs"]
mod tests;
