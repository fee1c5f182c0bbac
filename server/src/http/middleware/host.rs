use std::net::Ipv6Addr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::header;
use url::Url;
use vestibule_core::{ErrorCode, is_loopback};
use vestibule_web::Problem;

use super::paths::is_below;

/// A host as a request names it: a name in small letters,
/// an IPv4 address, or an IPv6 address in brackets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedHost {
    pub name: String,
    port: Option<u16>,
}

impl NamedHost {
    /// `None` for anything but a host and perhaps a port (RFC 9110,
    /// 7.2): no user, no second port, nothing behind it.
    pub fn parse(text: &str) -> Option<Self> {
        let (name, rest) = match text.strip_prefix('[') {
            Some(rest) => ipv6_host(rest)?,
            None => plain_host(text)?,
        };
        let port = match rest.strip_prefix(':') {
            None => rest.is_empty().then_some(None)?,
            Some(port) => {
                let digits = port.bytes().all(|byte| byte.is_ascii_digit());
                Some(port.parse().ok().filter(|port| digits && *port != 0)?)
            }
        };
        Some(Self { name, port })
    }
}

/// An address up to its bracket, and what stands behind it.
fn ipv6_host(text: &str) -> Option<(String, &str)> {
    let (address, rest) = text.split_once(']')?;
    Some((format!("[{}]", address.parse::<Ipv6Addr>().ok()?), rest))
}

/// A name or an IPv4 address up to a colon, and what stands behind it.
fn plain_host(text: &str) -> Option<(String, &str)> {
    let (name, rest) = text.split_at(text.find(':').unwrap_or(text.len()));
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let is_whole = !name.is_empty() && name.bytes().all(is_name);
    is_whole.then(|| (name.to_ascii_lowercase(), rest))
}

/// The hosts that this deployment answers to.
#[derive(Clone)]
pub struct AllowedHosts {
    hosts: Arc<[NamedHost]>,
    /// Where one that is allowed without a port may be asked.
    ports: [u16; 3],
    default_port: u16,
    /// In development any name of this machine itself.
    loopback: bool,
}

impl AllowedHosts {
    /// A host of `hosts` without a port is good with none, with that of the public URL, with the
    /// default one of its scheme, and with `port`, on which this process is asked.
    pub fn new(hosts: &[String], public_url: &Url, port: u16, loopback: bool) -> Self {
        let default_port = if public_url.scheme() == "https" {
            443
        } else {
            80
        };
        Self {
            hosts: hosts
                .iter()
                .filter_map(|host| NamedHost::parse(host))
                .collect(),
            ports: [
                default_port,
                public_url.port().unwrap_or(default_port),
                port,
            ],
            default_port,
            loopback,
        }
    }

    fn contain(&self, host: &NamedHost) -> bool {
        let is_port = |allowed: Option<u16>| match allowed {
            Some(allowed) => host.port.unwrap_or(self.default_port) == allowed,
            None => host.port.is_none_or(|port| self.ports.contains(&port)),
        };
        let is_host = |one: &NamedHost| one.name == host.name && is_port(one.port);
        self.hosts.iter().any(is_host) || (self.loopback && is_loopback(&host.name))
    }
}

/// What answers whatever host it is asked by: health checks, which name the address that they reach
/// the portal by, and the files that the page of the refusal is drawn with.
const FOR_ANY_HOST: &[&str] = &["/health", "/pkg", "/branding"];

/// Refuses requests for another host: no link or redirect can be made to lead there.
pub async fn check_host(
    State(allowed): State<AllowedHosts>,
    request: Request,
    next: Next,
) -> Response {
    let is_ours = named_host(&request).is_some_and(|host| allowed.contain(&host));
    if is_ours || is_below(FOR_ANY_HOST, request.uri().path()) {
        next.run(request).await
    } else {
        Problem::from(ErrorCode::MisdirectedRequest).into_response()
    }
}

/// The host that a request is for; `None` if it names none, or several.
pub fn named_host(request: &Request) -> Option<NamedHost> {
    let mut headers = request.headers().get_all(header::HOST).iter();
    let (header, another) = (headers.next(), headers.next());
    if another.is_some() {
        return None;
    }
    match request.uri().authority() {
        Some(authority) => NamedHost::parse(authority.as_str()),
        None => NamedHost::parse(header?.to_str().ok()?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(hosts: &[&str], public_url: &str, loopback: bool) -> impl Fn(&str) -> bool {
        let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
        let url = Url::parse(public_url).unwrap();
        let allowed = AllowedHosts::new(&hosts, &url, 3000, loopback);
        move |host| NamedHost::parse(host).is_some_and(|host| allowed.contain(&host))
    }

    #[test]
    fn a_host_is_compared_whole() {
        let hosts = [
            "auth.example.org",
            "other.example.org:9443",
            "[2001:db8::5]",
        ];
        let is_ours = allowed(&hosts, "https://auth.example.org:8443", false);
        for host in [
            "auth.example.org",
            "AUTH.Example.ORG:8443",
            "auth.example.org:443",
            "auth.example.org:3000",
            "other.example.org:9443",
            "[2001:DB8:0::5]:8443",
        ] {
            assert!(is_ours(host), "{host}");
        }
        for host in [
            "",
            ":8443",
            "auth.example.org:80",
            "auth.example.org:18500",
            "other.example.org",
            "other.example.org:8443",
            "auth.example.org.",
            "localhost",
            "2001:db8::5",
        ] {
            assert!(!is_ours(host), "{host}");
        }
    }

    #[test]
    fn what_is_no_host_is_nobodys_host() {
        let is_ours = allowed(&["127.0.0.1"], "http://127.0.0.1:18500", true);
        for host in [
            "127.0.0.1",
            "127.0.0.1:18500",
            "localhost:18500",
            "[::1]:18500",
            "[0:0::1]",
        ] {
            assert!(is_ours(host), "{host}");
        }
        for host in [
            "127.0.0.1:18500.evil.example",
            "127.0.0.1:99999",
            "127.0.0.1:0",
            "127.0.0.1:",
            "127.0.0.1:+80",
            "127.0.0.1:80:80",
            "x@127.0.0.1",
            "127.0.0.1@evil.example",
            "127.0.0.1/",
            "127.0.0.1 ",
            "127.0.0.1,evil.example",
            "[::1",
            "[::1]x",
            "[::1%lo]",
            "localhost.evil.example",
        ] {
            assert!(!is_ours(host), "{host}");
        }
    }
}
