//! `[http]`

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use url::{Host, Url};
use vestibule_web::{ForwardedHeader, TrustedProxies};

use super::cors;
use super::mode::Mode;
use super::reader::Reader;
use super::setting::{Key, settings};
use super::value::choices;

settings! {
    /// Address and port of pages and API. In development an address that others can reach needs the
    /// mode and a local `PUBLIC_URL` set by name, as in a container whose port is published to this
    /// machine alone.
    LISTEN: SocketAddr = "http.listen", "VESTIBULE_LISTEN", "127.0.0.1:3000";
    /// Address and port for metrics and health checks; another port than that of the pages. Keep it
    /// unreachable from outside.
    PRIVATE_LISTEN: SocketAddr =
        "http.private_listen", "VESTIBULE_PRIVATE_LISTEN", "127.0.0.1:9464";
    /// Where people open the portal; the start of every link and the `iss` of tokens. Scheme and
    /// host alone. Default in development: `http://localhost` and the listening port. Needed in
    /// production, with https.
    PUBLIC_URL: Option<String> = "http.public_url", "PUBLIC_URL";
    /// Further hosts that requests may name beside the one of the public URL, without scheme or
    /// wildcard: `login.example.org`, which is good with the port of the public URL, of its scheme
    /// and of `VESTIBULE_LISTEN`, or with one port, `login.example.org:8443`.
    ALLOWED_HOSTS: Vec<String> = "http.allowed_hosts", "VESTIBULE_ALLOWED_HOSTS";
    /// Addresses or networks of the proxies that are believed when they say for whom they ask. Not
    /// wider than /8 (IPv6: /16, or fc00::/7).
    TRUSTED_PROXIES: Vec<String> = "http.trusted_proxies", "VESTIBULE_TRUSTED_PROXIES";
    /// Where people report weaknesses, the best first: `mailto:security@example.org`,
    /// `https://example.org/security` or `tel:+1-201-555-0123`. Shown in
    /// `/.well-known/security.txt` (RFC 9116), which is not there without it.
    SECURITY_CONTACT: Vec<String> = "http.security_contact", "VESTIBULE_SECURITY_CONTACT";
    /// Where those proxies say it: `forwarded` is RFC 7239. The other one is never read.
    FORWARDED_HEADER: ForwardedHeader =
        "http.forwarded_header", "VESTIBULE_FORWARDED_HEADER", "x-forwarded-for";
    /// Folder with the built site; without it the assets inside the binary are served.
    SITE_DIR: Option<String> = "http.site_dir", "VESTIBULE_SITE_DIR";
    /// Connections at a time on the public port. Each needs an open file: the process raises its
    /// own limit as far as it may, and starts with fewer connections and a warning if that is not
    /// far enough. When all are taken, the one that has waited longest for a request makes room for
    /// a new one; if none waits, the one whose client has kept its request or answer waiting for
    /// longest, half a second at least. An eighth of them at most is busy with one IPv4 address or
    /// IPv6 /48, unless that is a trusted proxy: its further requests wait.
    MAX_CONNECTIONS: usize =
        "http.max_connections", "VESTIBULE_MAX_CONNECTIONS", "16384", in 16..=1_000_000;
    /// How long the head of a request may take from its first byte; for the first request, from the
    /// connection. Then the connection is closed.
    HEADER_TIMEOUT_SECONDS: u64 =
        "http.header_timeout_seconds", "VESTIBULE_HEADER_TIMEOUT_SECONDS", "10", in 1..=60;
    /// How long the body of a request and its answer may take together; then the answer is 408. A
    /// client that reads nothing of its answer for as long is cut off.
    REQUEST_TIMEOUT_SECONDS: u64 =
        "http.request_timeout_seconds", "VESTIBULE_REQUEST_TIMEOUT_SECONDS", "30", in 1..=60;
    /// How long a connection may wait for another request. It has to be longer than the proxy keeps
    /// idle connections to the portal (nginx 60 s, Traefik 90 s, Caddy 120 s), so that the proxy
    /// never sends a request on one that the portal is closing.
    IDLE_TIMEOUT_SECONDS: u64 =
        "http.idle_timeout_seconds", "VESTIBULE_IDLE_TIMEOUT_SECONDS", "150", in 1..=3600;
    /// How long everything is still served after SIGTERM, while `/health/ready` says 503 and every
    /// answer closes its connection; long enough for the proxy to see it. Default: 5 in production,
    /// 0 in development.
    SHUTDOWN_GRACE_SECONDS: Option<u64> =
        "http.shutdown_grace_seconds", "VESTIBULE_SHUTDOWN_GRACE_SECONDS", in 0..=15;
}

choices!(ForwardedHeader: "x-forwarded-for" => XForwardedFor, "forwarded" => Forwarded);

#[derive(Clone, Debug)]
pub struct HttpConfig {
    pub listen: SocketAddr,
    pub private_listen: SocketAddr,
    pub public_url: Url,
    pub allowed_hosts: Vec<String>,
    pub trusted_proxies: TrustedProxies,
    pub security_contacts: Vec<String>,
    pub allowed_origins: Vec<String>,
    /// The folder with the site's assets; `None`: those inside the binary.
    pub site_dir: Option<PathBuf>,
    pub max_connections: usize,
    pub header_timeout: Duration,
    pub request_timeout: Duration,
    pub idle_timeout: Duration,
    pub shutdown_grace: Duration,
}

impl HttpConfig {
    pub(super) fn read(reader: &mut Reader<'_>, mode: Mode) -> Self {
        let listen = reader.get(LISTEN);
        let private_listen = reader.get(PRIVATE_LISTEN);
        refuse_same_port(reader, listen, private_listen);
        let public_url = read_public_url(reader, mode, listen);
        let mut allowed_hosts = read_allowed_hosts(reader);
        allowed_hosts.extend(public_url.host_str().map(str::to_owned));
        Self {
            listen,
            private_listen,
            allowed_hosts,
            trusted_proxies: read_trusted_proxies(reader),
            security_contacts: read_security_contacts(reader),
            allowed_origins: cors::read(reader, mode),
            site_dir: read_site_dir(reader),
            max_connections: reader.get(MAX_CONNECTIONS),
            header_timeout: seconds(reader, HEADER_TIMEOUT_SECONDS),
            request_timeout: seconds(reader, REQUEST_TIMEOUT_SECONDS),
            idle_timeout: seconds(reader, IDLE_TIMEOUT_SECONDS),
            shutdown_grace: read_shutdown_grace(reader, mode),
            public_url,
        }
    }
}

fn seconds(reader: &mut Reader<'_>, key: Key<u64>) -> Duration {
    Duration::from_secs(reader.get(key))
}

/// The `iss` claim: the public URL without its trailing slash.
pub fn issuer(public_url: &Url) -> String {
    public_url.as_str().trim_end_matches('/').to_owned()
}

/// One port cannot be listened on twice, and an address
/// that stands for all others includes each of them.
fn refuse_same_port(reader: &mut Reader<'_>, public: SocketAddr, private: SocketAddr) {
    let is_for_all = public.ip().is_unspecified() || private.ip().is_unspecified();
    let is_same = public.ip().to_canonical() == private.ip().to_canonical();
    if public.port() != 0 && public.port() == private.port() && (is_for_all || is_same) {
        reader.refuse(
            PRIVATE_LISTEN,
            &format!("names {private}, and VESTIBULE_LISTEN (http.listen) {public}: give each a port of its own"),
        );
    }
}

/// Long enough for a proxy to look twice; nobody waits for a developer's portal.
fn read_shutdown_grace(reader: &mut Reader<'_>, mode: Mode) -> Duration {
    let default = match mode {
        Mode::Production => 5,
        Mode::Development => 0,
    };
    reader.derive(SHUTDOWN_GRACE_SECONDS, default);
    Duration::from_secs(reader.get(SHUTDOWN_GRACE_SECONDS).unwrap_or(default))
}

fn read_public_url(reader: &mut Reader<'_>, mode: Mode, listen: SocketAddr) -> Url {
    let text = reader.get(PUBLIC_URL);
    if text.is_none() && mode == Mode::Production {
        reader.refuse(
            PUBLIC_URL,
            "is needed in production: the https URL that people open, like https://auth.example.org",
        );
    }
    if text.is_none() && listen.port() == 0 {
        reader.refuse(
            PUBLIC_URL,
            "is needed where VESTIBULE_LISTEN (http.listen) leaves the port to the system",
        );
    }
    let fallback = local_url(listen);
    let url = Url::parse(text.as_deref().unwrap_or(&fallback)).ok();
    let Some(url) = url.filter(is_public_url) else {
        reader.refuse(
            PUBLIC_URL,
            "must be scheme and host alone, like https://auth.example.org: no user, path, query, fragment or wildcard",
        );
        return Url::parse("http://localhost:3000")
            .unwrap_or_else(|_| unreachable!("a constant URL"));
    };
    if mode == Mode::Production && text.is_some() && url.scheme() != "https" {
        reader.refuse(PUBLIC_URL, "must begin with https:// in production");
    }
    if text.is_none() && mode == Mode::Development {
        reader.derive(PUBLIC_URL, issuer(&url));
    }
    url
}

/// Where a developer opens the portal: by a name where it listens on
/// this machine, since passkeys and OpenID issuers need one.
fn local_url(listen: SocketAddr) -> String {
    let ip = listen.ip().to_canonical();
    match listen.port() {
        // Whatever the port is to be: the error about it is enough.
        0 => "http://localhost:3000".to_owned(),
        port if ip.is_loopback() || ip.is_unspecified() => format!("http://localhost:{port}"),
        _ => format!("http://{listen}"),
    }
}

/// Whether links can begin with it: every other part of a URL would be lost,
/// or become part of `iss`.
fn is_public_url(url: &Url) -> bool {
    let is_plain = url.username().is_empty()
        && url.password().is_none()
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none();
    let is_host = match url.host() {
        Some(Host::Domain(name)) => is_host_name(name),
        Some(Host::Ipv4(_) | Host::Ipv6(_)) => true,
        None => false,
    };
    matches!(url.scheme(), "http" | "https") && is_plain && is_host && url.port() != Some(0)
}

/// Whether browsers can name it in `Host`. A URL may hold more, a `*` for one.
fn is_host_name(name: &str) -> bool {
    let is_label = |label: &str| {
        let mut bytes = label.bytes();
        !label.is_empty() && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    name.strip_suffix('.')
        .unwrap_or(name)
        .split('.')
        .all(is_label)
}

fn read_allowed_hosts(reader: &mut Reader<'_>) -> Vec<String> {
    let mut hosts = Vec::new();
    for text in reader.get(ALLOWED_HOSTS) {
        let (name, port) = split_port(&text);
        match Host::parse(name) {
            // As a browser names it: in small letters, and an international name in its ASCII form.
            Ok(Host::Domain(name)) if is_host_name(&name) => hosts.push(name + port),
            Ok(host @ (Host::Ipv4(_) | Host::Ipv6(_))) => hosts.push(format!("{host}{port}")),
            _ => reader.refuse(
                ALLOWED_HOSTS,
                &format!("holds `{text}`, which is not a host like login.example.org or login.example.org:8443: no scheme, wildcard or blank, and commas between several"),
            ),
        }
    }
    hosts
}

/// The host, and the port with its colon if there is one.
pub(super) fn split_port(text: &str) -> (&str, &str) {
    let colon = text.rfind(':').filter(|colon| {
        let (host, port) = (&text[..*colon], &text[colon + 1..]);
        let is_port = port.parse::<u16>().is_ok_and(|port| port != 0);
        is_port && (host.ends_with(']') || !host.contains(':'))
    });
    text.split_at(colon.unwrap_or(text.len()))
}

fn read_security_contacts(reader: &mut Reader<'_>) -> Vec<String> {
    let contacts = reader.get(SECURITY_CONTACT);
    for contact in &contacts {
        let is_contact = Url::parse(contact).is_ok_and(|url| match url.scheme() {
            "mailto" => url.path().contains('@'),
            "https" => url.has_host(),
            "tel" => !url.path().is_empty(),
            _ => false,
        });
        if !is_contact || !contact.chars().all(|c| c.is_ascii_graphic()) {
            reader.refuse(
                SECURITY_CONTACT,
                &format!("holds `{contact}`, which is not an address like mailto:security@example.org or https://example.org/security"),
            );
        }
    }
    contacts
}

fn read_trusted_proxies(reader: &mut Reader<'_>) -> TrustedProxies {
    let texts = reader.get(TRUSTED_PROXIES);
    let proxies = TrustedProxies::parse(texts.iter().map(String::as_str));
    let proxies = proxies.unwrap_or_else(|error| {
        reader.refuse(TRUSTED_PROXIES, &error.to_string());
        TrustedProxies::default()
    });
    let mut networks = texts.iter().zip(proxies.networks());
    if let Some((text, _)) = networks.find(|(_, it)| is_too_wide(it.addr(), it.prefix_len())) {
        reader.refuse(
            TRUSTED_PROXIES,
            &format!("holds `{text}`, in which nearly everybody is: name the addresses of the proxies alone, or anyone can choose the address that limits count by"),
        );
    }
    proxies.reading(reader.get(FORWARDED_HEADER))
}

/// Whether a network is wider than any that one operator has:
/// IPv4 /8, IPv6 /16, and the private ones as a whole.
fn is_too_wide(address: IpAddr, prefix: u8) -> bool {
    match address {
        IpAddr::V4(_) => prefix < 8,
        // Those with a longer prefix were read as IPv4.
        IpAddr::V6(address) if address.to_ipv4_mapped().is_some() => true,
        IpAddr::V6(address) => {
            let is_private = address.is_unique_local() || address.is_unicast_link_local();
            prefix < if is_private { 7 } else { 16 }
        }
    }
}

fn read_site_dir(reader: &mut Reader<'_>) -> Option<PathBuf> {
    let folder = PathBuf::from(reader.get(SITE_DIR)?);
    if !folder.join("pkg").is_dir() {
        reader.refuse(
            SITE_DIR,
            &format!(
                "names {}, which holds no built site: build it with `cargo xtask run`, or remove the setting",
                folder.display()
            ),
        );
    }
    Some(folder)
}
