//! Where a request comes from. One function decides the client's address.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr};

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, header};
use ipnet::IpNet;
use vestibule_core::RequestMeta;
use vestibule_core::model::Language;

use crate::language::requested_language;

/// Longer user agents are cut: the text is kept and shown.
const MAX_USER_AGENT_CHARS: usize = 300;

/// The address of the client, decided once per request by a middleware.
#[derive(Clone, Copy, Debug)]
pub struct ClientAddress(pub IpAddr);

/// The id of the request, in its log lines and in its answer.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// The networks whose proxies are believed, and where they say whom they ask for. None by default.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies {
    networks: Vec<IpNet>,
    header: ForwardedHeader,
}

/// The header in which proxies name their client. Only one is read: a proxy writes one, and may
/// pass on the other as the client wrote it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ForwardedHeader {
    #[default]
    XForwardedFor,
    /// RFC 7239.
    Forwarded,
}

/// The text is not an address or network like `10.0.0.0/8`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an address or network like 10.0.0.0/8")]
pub struct InvalidNetwork(String);

impl TrustedProxies {
    /// # Errors
    /// [`InvalidNetwork`] for the first text that is neither an address nor a network.
    pub fn parse<'a>(networks: impl IntoIterator<Item = &'a str>) -> Result<Self, InvalidNetwork> {
        let networks = networks.into_iter().map(network);
        Ok(Self {
            networks: networks.collect::<Result<_, _>>()?,
            ..Self::default()
        })
    }

    #[must_use]
    pub fn reading(self, header: ForwardedHeader) -> Self {
        Self { header, ..self }
    }

    /// In their order; one of IPv4 addresses in IPv6 is a network of IPv4.
    pub fn networks(&self) -> &[IpNet] {
        &self.networks
    }

    /// Whether the address is one of them.
    pub fn contain(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.iter().any(|it| it.contains(&address))
    }

    /// The client's address: the peer, or what trusted proxies say of it. Their list is read from
    /// the right, and the first address that is no trusted proxy is the client. If what is to be
    /// read there is no address, it is the peer.
    pub fn client_address(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let peer = peer.to_canonical();
        let (name, address_of): (_, fn(&str) -> Option<IpAddr>) = match self.header {
            ForwardedHeader::XForwardedFor => ("x-forwarded-for", node),
            ForwardedHeader::Forwarded => ("forwarded", element),
        };
        let lines = headers.get_all(name).iter().map(HeaderValue::as_bytes);
        let hops: Vec<&[u8]> = lines
            .flat_map(|line| line.split(|byte| *byte == b','))
            // An empty element of a list is none (RFC 9110, 5.6.1.2).
            .filter(|hop| !hop.trim_ascii().is_empty())
            .collect();
        let mut client = peer;
        for hop in hops.into_iter().rev() {
            if !self.contain(client) {
                break;
            }
            let address = std::str::from_utf8(hop).ok().and_then(address_of);
            let Some(address) = address else { return peer };
            client = address.to_canonical();
        }
        client
    }
}

/// The address of `203.0.113.7`, `2001:db8::1` or `[2001:db8::1]`, with or without a port, a zone
/// and quotes, as proxies write it.
fn node(text: &str) -> Option<IpAddr> {
    let text = unquoted(text.trim());
    if let Some((address, port)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        let is_address = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
        return without_zone(address).filter(|_| is_address).map(IpAddr::V6);
    }
    match text.split_once(':') {
        Some((address, port)) if is_port(port) => address.parse().ok().map(IpAddr::V4),
        Some(_) => without_zone(text).map(IpAddr::V6),
        None => text.parse().ok(),
    }
}

fn unquoted(text: &str) -> &str {
    let inside = text.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    inside.unwrap_or(text)
}

/// The zone is one of the proxy's links (RFC 4007), and says nothing here.
fn without_zone(text: &str) -> Option<Ipv6Addr> {
    let address = text.split_once('%').map_or(text, |(address, _)| address);
    address.parse().ok()
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok()
}

/// The address in one element of `Forwarded`. Elements are cut at every comma, also at one between
/// quotes, so that a quote which a client leaves open reaches no further than its own element; what
/// is left of such an element is no pair.
fn element(text: &str) -> Option<IpAddr> {
    let mut address = None;
    let pairs = text.split(';').map(str::trim);
    for pair in pairs.filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=')?;
        let value = unquoted(value);
        if value.contains(['"', '\\']) {
            return None;
        }
        if name.eq_ignore_ascii_case("for") {
            // Said twice is not said.
            if address.is_some() {
                return None;
            }
            address = Some(node(value)?);
        }
    }
    address
}

/// A network, or the one address that the text names. IPv4 addresses in IPv6 are compared as IPv4
/// addresses, and so are networks of them.
fn network(text: &str) -> Result<IpNet, InvalidNetwork> {
    let trimmed = text.trim();
    let one_address = || trimmed.parse::<IpAddr>().map(IpNet::from);
    let network = trimmed.parse::<IpNet>().or_else(|_| one_address());
    let network = network.map_err(|_| InvalidNetwork(text.to_owned()))?;
    let mapped = match (network.addr().to_canonical(), network.prefix_len()) {
        (address @ IpAddr::V4(_), 96..) => IpNet::new(address, network.prefix_len() - 96).ok(),
        _ => None,
    };
    Ok(mapped.unwrap_or(network))
}

/// What the core wants to know of a request.
pub fn request_meta(parts: &Parts, language: Language) -> RequestMeta {
    let address = parts
        .extensions
        .get::<ClientAddress>()
        .map_or(IpAddr::from([0, 0, 0, 0]), |client| client.0);
    let user_agent = parts.headers.get(header::USER_AGENT).map(|value| {
        String::from_utf8_lossy(value.as_bytes())
            .chars()
            .filter(|c| !c.is_control())
            .take(MAX_USER_AGENT_CHARS)
            .collect()
    });
    RequestMeta {
        ip_address: address,
        user_agent,
        language,
        abandoned: parts.extensions.get().cloned().unwrap_or_default(),
    }
}

/// The request's origin and device, as an extractor for the API, which reads no cookies.
pub struct Meta(pub RequestMeta);

impl<S: Sync> FromRequestParts<S> for Meta {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let language = requested_language(&parts.headers, &parts.extensions);
        Ok(Self(request_meta(parts, language)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Line = (&'static str, &'static str);

    fn client_of(header: ForwardedHeader, trusted: &[&str], peer: &str, lines: &[Line]) -> String {
        let headers = lines
            .iter()
            .map(|(name, value)| {
                let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
                (http::HeaderName::from_static(name), value)
            })
            .collect();
        let proxies = TrustedProxies::parse(trusted.iter().copied()).unwrap();
        let proxies = proxies.reading(header);
        proxies
            .client_address(peer.parse().unwrap(), &headers)
            .to_string()
    }

    fn client(trusted: &[&str], peer: &str, lines: &[&'static str]) -> String {
        let lines: Vec<Line> = lines
            .iter()
            .map(|line| ("x-forwarded-for", *line))
            .collect();
        client_of(ForwardedHeader::XForwardedFor, trusted, peer, &lines)
    }

    fn client_by_forwarded(trusted: &[&str], peer: &str, lines: &[&'static str]) -> String {
        let lines: Vec<Line> = lines.iter().map(|line| ("forwarded", *line)).collect();
        client_of(ForwardedHeader::Forwarded, trusted, peer, &lines)
    }

    #[test]
    fn nobody_is_believed_by_default() {
        assert_eq!(client(&[], "192.0.2.1", &["203.0.113.7"]), "192.0.2.1");
        let forwarded = client_by_forwarded(&[], "192.0.2.1", &["for=203.0.113.7"]);
        assert_eq!(forwarded, "192.0.2.1");
    }

    #[test]
    fn the_right_most_untrusted_hop_is_the_client() {
        let trusted = ["10.0.0.0/8", "fd00::/8"];
        for (peer, lines, expected) in [
            (
                "10.0.0.2",
                &["198.51.100.9, 203.0.113.7"] as &[_],
                "203.0.113.7",
            ),
            (
                "10.0.0.2",
                &["198.51.100.9", "203.0.113.7, 10.1.1.1"],
                "203.0.113.7",
            ),
            ("fd00::1", &["2001:db8::5"], "2001:db8::5"),
            ("192.0.2.1", &["203.0.113.7"], "192.0.2.1"),
            ("::ffff:10.0.0.2", &["203.0.113.7"], "203.0.113.7"),
            ("10.0.0.2", &["::ffff:203.0.113.7"], "203.0.113.7"),
            ("10.0.0.2", &["203.0.113.7,::ffff:10.0.0.9"], "203.0.113.7"),
            // What is left of the client is the client's, and may be anything.
            (
                "10.0.0.2",
                &["\u{ff}, <script>", "203.0.113.7"],
                "203.0.113.7",
            ),
            ("10.0.0.2", &["203.0.113.7:4711"], "203.0.113.7"),
            ("10.0.0.2", &["[2001:db8::5]:4711"], "2001:db8::5"),
            ("10.0.0.2", &["[2001:db8::5]"], "2001:db8::5"),
            ("10.0.0.2", &["203.0.113.7,"], "203.0.113.7"),
            ("10.0.0.2", &[", 203.0.113.7 , ,", ""], "203.0.113.7"),
            ("10.0.0.2", &["\"203.0.113.7\""], "203.0.113.7"),
            ("10.0.0.2", &["\"203.0.113.7:4711\""], "203.0.113.7"),
            ("10.0.0.2", &["\"[2001:db8::5]:4711\""], "2001:db8::5"),
            ("10.0.0.2", &["fe80::5%eth0"], "fe80::5"),
            ("10.0.0.2", &["[fe80::5%25eth0]:4711"], "fe80::5"),
        ] {
            assert_eq!(client(&trusted, peer, lines), expected, "{lines:?}");
        }
        // Proxies alone: the one that is furthest away.
        assert_eq!(
            client(&["0.0.0.0/0"], "10.0.0.2", &["203.0.113.7"]),
            "203.0.113.7"
        );
    }

    #[test]
    fn forwarded_is_read_alike() {
        let trusted = ["10.0.0.0/8"];
        for (lines, expected) in [
            (&["for=203.0.113.7"] as &[_], "203.0.113.7"),
            (
                &["For=\"203.0.113.7:4711\";proto=https;by=10.0.0.2"],
                "203.0.113.7",
            ),
            (&["proto=https ; for=\"[2001:db8::5]:4711\""], "2001:db8::5"),
            (&["for=\"[2001:db8::5]\""], "2001:db8::5"),
            (
                &["for=198.51.100.9, for=203.0.113.7,for=10.0.0.9"],
                "203.0.113.7",
            ),
            (&["for=198.51.100.9", "for=203.0.113.7"], "203.0.113.7"),
            (&["for=unknown, for=203.0.113.7;"], "203.0.113.7"),
            // A quote that the client left open does not swallow what the proxy appended, nor does
            // one that the proxy wrote bring forth an element.
            (&["for=\"198.51.100.9, for=203.0.113.7"], "203.0.113.7"),
            (&["for=203.0.113.7;host=\"a,for=198.51.100.9\""], "10.0.0.2"),
            (
                &["for=203.0.113.7;host=\"a\\\",for=198.51.100.9;x=\\\"b\""],
                "10.0.0.2",
            ),
        ] {
            let client = client_by_forwarded(&trusted, "10.0.0.2", lines);
            assert_eq!(client, expected, "{lines:?}");
        }
        let from_elsewhere = client_by_forwarded(&trusted, "192.0.2.1", &["for=203.0.113.7"]);
        assert_eq!(from_elsewhere, "192.0.2.1");
    }

    #[test]
    fn what_is_no_address_leaves_the_peer() {
        for line in [
            "203.0.113.7, unknown",
            ",",
            "",
            "203.0.113.7:",
            "203.0.113.7:99999",
            "203.0.113.7:+80",
            "203.0.113.7%eth0",
            "\"203.0.113.7",
            "[2001:db8::5",
            "[2001:db8::5]x",
            "2001:db8::5]",
            "6.6.6.6, \u{ff}, 10.0.0.3",
            "for=203.0.113.7",
            "203.0.113.7.example.org",
            "0313.0.113.7",
            "[203.0.113.7]",
        ] {
            assert_eq!(
                client(&["10.0.0.0/8"], "10.0.0.2", &[line]),
                "10.0.0.2",
                "{line}"
            );
        }
        for line in [
            "203.0.113.7",
            "",
            "for=unknown",
            "for=_hidden",
            "proto=https",
            "for=198.51.100.9;for=203.0.113.7",
            "for=\"203.0.113.7",
        ] {
            let client = client_by_forwarded(&["10.0.0.0/8"], "10.0.0.2", &[line]);
            assert_eq!(client, "10.0.0.2", "{line}");
        }
    }

    #[test]
    fn the_other_header_is_nothing() {
        let both = [
            ("x-forwarded-for", "203.0.113.7"),
            ("forwarded", "for=198.51.100.9"),
        ];
        let trusted = ["10.0.0.0/8"];
        for (header, expected) in [
            (ForwardedHeader::XForwardedFor, "203.0.113.7"),
            (ForwardedHeader::Forwarded, "198.51.100.9"),
        ] {
            assert_eq!(client_of(header, &trusted, "10.0.0.2", &both), expected);
        }
        let alone = client_of(
            ForwardedHeader::XForwardedFor,
            &trusted,
            "10.0.0.2",
            &both[1..],
        );
        assert_eq!(alone, "10.0.0.2");
    }

    #[test]
    fn networks_of_mapped_addresses_are_those_of_ipv4() {
        for network in [
            "::ffff:10.0.0.0/104",
            "::ffff:10.0.0.2",
            "::ffff:0.0.0.0/96",
        ] {
            for peer in ["10.0.0.2", "::ffff:10.0.0.2"] {
                let client = client(&[network], peer, &["203.0.113.7"]);
                assert_eq!(client, "203.0.113.7", "{network}");
            }
        }
        for network in ["::ffff:10.0.0.0/104", "::ffff:0.0.0.0/95"] {
            for peer in ["11.0.0.2", "fd00::1"] {
                assert_eq!(client(&[network], peer, &["203.0.113.7"]), peer);
            }
        }
    }
}
