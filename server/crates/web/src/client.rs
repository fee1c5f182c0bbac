//! Where a request comes from. One function decides the client's address.

use std::convert::Infallible;
use std::net::IpAddr;
use std::str::FromStr;

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, header};
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

/// The networks whose proxies are believed. None by default.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Vec<Network>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    prefix: u8,
}

/// The text is not an address or network like `10.0.0.0/8`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an address or network like 10.0.0.0/8")]
pub struct InvalidNetwork(String);

impl TrustedProxies {
    /// # Errors
    /// [`InvalidNetwork`] for the first text that is neither an address nor a network.
    pub fn parse<'a>(networks: impl IntoIterator<Item = &'a str>) -> Result<Self, InvalidNetwork> {
        networks
            .into_iter()
            .map(str::parse)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    fn contain(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }

    /// The client's address: the peer, or what a trusted proxy says of it. `X-Forwarded-For` is read from the right, and
    /// the first address that is no trusted proxy is the client; text that is no address ends the search (lesson V37).
    pub fn client_address(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        let lines = headers.get_all("x-forwarded-for").iter();
        let hops: Vec<&[u8]> = lines
            .flat_map(|line| line.as_bytes().split(|byte| *byte == b','))
            .collect();
        for hop in hops.into_iter().rev() {
            if !self.contain(client) {
                break;
            }
            let hop = std::str::from_utf8(hop).ok();
            match hop.and_then(|hop| hop.trim().parse::<IpAddr>().ok()) {
                Some(address) => client = address.to_canonical(),
                None => break,
            }
        }
        client
    }
}

impl Network {
    fn contains(self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let shift = 32 - u32::from(self.prefix);
                u32::from(network).checked_shr(shift) == u32::from(address).checked_shr(shift)
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let shift = 128 - u32::from(self.prefix);
                u128::from(network).checked_shr(shift) == u128::from(address).checked_shr(shift)
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = InvalidNetwork;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidNetwork(text.to_owned());
        let (address, prefix) = text
            .trim()
            .split_once('/')
            .map_or((text.trim(), None), |(a, p)| (a, Some(p)));
        let address: IpAddr = address.parse().map_err(|_| invalid())?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix
            .map_or(Ok(longest), str::parse)
            .map_err(|_| invalid())?;
        if prefix > longest {
            Err(invalid())
        } else {
            Ok(Self { address, prefix })
        }
    }
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

    fn client(trusted: &[&str], peer: &str, forwarded: &[&str]) -> String {
        let headers = forwarded
            .iter()
            .map(|value| {
                let value = http::HeaderValue::from_bytes(value.as_bytes()).unwrap();
                ("x-forwarded-for".parse().unwrap(), value)
            })
            .collect();
        let proxies = TrustedProxies::parse(trusted.iter().copied()).unwrap();
        proxies
            .client_address(peer.parse().unwrap(), &headers)
            .to_string()
    }

    #[test]
    fn nobody_is_believed_by_default() {
        assert_eq!(client(&[], "192.0.2.1", &["203.0.113.7"]), "192.0.2.1");
    }

    #[test]
    fn the_right_most_untrusted_hop_is_the_client() {
        let trusted = ["10.0.0.0/8", "fd00::/8"];
        assert_eq!(
            client(&trusted, "10.0.0.2", &["198.51.100.9, 203.0.113.7"]),
            "203.0.113.7"
        );
        assert_eq!(
            client(
                &trusted,
                "10.0.0.2",
                &["198.51.100.9", "203.0.113.7, 10.1.1.1"]
            ),
            "203.0.113.7"
        );
        assert_eq!(client(&trusted, "fd00::1", &["2001:db8::5"]), "2001:db8::5");
        assert_eq!(client(&trusted, "192.0.2.1", &["203.0.113.7"]), "192.0.2.1");
        assert_eq!(
            client(&trusted, "::ffff:10.0.0.2", &["203.0.113.7"]),
            "203.0.113.7"
        );
    }

    #[test]
    fn text_that_is_no_address_ends_the_search() {
        assert_eq!(
            client(&["10.0.0.0/8"], "10.0.0.2", &["203.0.113.7, unknown"]),
            "10.0.0.2"
        );
        let unreadable = ["6.6.6.6", "\u{ff}, 10.0.0.3"];
        assert_eq!(client(&["10.0.0.0/8"], "10.0.0.2", &unreadable), "10.0.0.3");
        assert_eq!(
            client(&["0.0.0.0/0"], "10.0.0.2", &["203.0.113.7"]),
            "203.0.113.7"
        );
    }

    #[test]
    fn a_bad_network_is_named() {
        let error = TrustedProxies::parse(["10.0.0.0/33"]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`10.0.0.0/33` is not an address or network like 10.0.0.0/8"
        );
    }
}
