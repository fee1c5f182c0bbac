//! Behind nginx, Caddy and HAProxy with TLS, by the files that operators get: the client's address,
//! hosts, cookies, sign-in and sign-out, replicas that restart one after the other, and what a
//! proxy writes into its log.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::json;
use url::form_urlencoded;
use vestibule_daemons::{Proxy, ProxyKind, Site, free_port};
use vestibule_testkit::TestCertificate;

use crate::fleet::{Doors, Fleet, RECOVERY_TIME, pause};
use crate::http::{Connection, Door, Request};
use crate::rolling;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy");
const FILES: [(ProxyKind, &str); 3] = [
    (ProxyKind::Nginx, "nginx/vestibule.conf"),
    (ProxyKind::Caddy, "caddy/Caddyfile"),
    (ProxyKind::HaProxy, "haproxy/haproxy.cfg"),
];
/// Longer than nginx keeps a connection to a replica; production has 5.
const GRACE_SECONDS: &str = "3";
const PASSWORD: &str = "violet harbour quartz 42";
/// From where the checks ask, and what they say they were.
const CLIENT: [u8; 4] = [127, 0, 5, 7];
const CLAIM: &str = "203.0.113.9";
/// Of no mail.
const TOKEN: &str = "dG9rZW4tdGhhdC1ub2JvZHktZ2V0cy10by1zZWU";

/// One of the proxies.
struct Front {
    kind: ProxyKind,
    proxy: Proxy,
    door: Door,
    http: SocketAddr,
}

pub fn run(seed: u64) {
    let certificate = TestCertificate::of("localhost");
    // One port on three addresses of this machine: browsers know all three proxies as one host.
    let port = free_port().unwrap();
    let doors: Vec<Door> = (1..=3)
        .map(|last| SocketAddr::from(([127, 0, 0, last], port)))
        .map(|address| Door::with_tls(address, &certificate.authority))
        .collect();
    let url = format!("https://localhost:{port}");
    let settings = [
        ("VESTIBULE_MODE", "production"),
        ("PUBLIC_URL", &*url),
        ("VESTIBULE_MAIL_FROM", "Vestibule <no-reply@example.org>"),
        ("VESTIBULE_SHUTDOWN_GRACE_SECONDS", GRACE_SECONDS),
    ];
    let mut fleet = Fleet::start(Doors::Others(doors.clone()), &settings);
    let replicas = [0, 1, 2].map(|number| fleet.replicas[number].address);
    let fronts: Vec<Front> = FILES
        .iter()
        .zip(doors)
        .map(|(file, door)| Front::start(*file, door, replicas, &certificate))
        .collect();
    for front in &fronts {
        println!("{:?}", front.kind);
        fleet.runtime.block_on(front.check(&url));
    }
    rolling::under_load(&mut fleet, seed, 1);
    for replica in &mut fleet.replicas {
        replica.kill();
    }
    for front in &fronts {
        fleet.runtime.block_on(front.says_that_it_is_unavailable());
        let log = front.proxy.log();
        assert!(!log.contains(TOKEN), "{:?} logs tokens: {log}", front.kind);
    }
}

impl Front {
    fn start(
        (kind, file): (ProxyKind, &str),
        door: Door,
        replicas: [SocketAddr; 3],
        certificate: &TestCertificate,
    ) -> Self {
        let http = SocketAddr::new(door.address().ip(), free_port().unwrap());
        let site = Site {
            https: door.address(),
            http,
            replicas,
            certificate: &certificate.certificate,
            key: &certificate.key,
        };
        let file = PathBuf::from(FOLDER).join(file);
        Self {
            kind,
            proxy: Proxy::start(kind, &file, &site).unwrap(),
            door,
            http,
        }
    }

    async fn check(&self, url: &str) {
        self.wait_until_ready().await;
        self.redirects_to_tls().await;
        let email = format!("{:?}@example.org", self.kind).to_lowercase();
        self.says_whose_request_it_is(&email).await;
        self.refuses_other_hosts().await;
        self.carries_a_session(url, &email).await;
        let link = format!("/reset-password?token={TOKEN}");
        let referrer = [("referer", format!("{url}{link}"))];
        self.page("GET", &link, &referrer, "").await;
    }

    fn connection(&self) -> Connection {
        Connection::to(self.door.clone()).from(CLIENT)
    }

    async fn wait_until_ready(&self) {
        let started = Instant::now();
        loop {
            let head = self.page("GET", "/health/ready", &[], "").await;
            if head.starts_with("HTTP/1.1 200") {
                break;
            }
            assert!(started.elapsed() < RECOVERY_TIME, "{head}");
            pause(Duration::from_millis(50));
        }
    }

    async fn redirects_to_tls(&self) {
        let text = "GET /login?from=x HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        let answer = Connection::to(self.http).exchange(text).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 308"), "{answer}");
        let location = fields(&answer, "location").next().unwrap();
        assert!(location.starts_with("https://localhost"), "{location}");
        assert!(location.ends_with("/login?from=x"), "{location}");
    }

    /// A client's own words about its address are not believed.
    async fn says_whose_request_it_is(&self, email: &str) {
        let mut connection = self.connection();
        let body = json!({ "email": email, "password": PASSWORD });
        let claims = |request: Request| {
            request
                .header("x-forwarded-for", CLAIM)
                .header("forwarded", &format!("for={CLAIM}"))
        };
        let request = claims(Request::post("/register", &body));
        let registered = connection.ask(&request).await.unwrap();
        assert_eq!(registered.status, 201, "{registered:?}");
        let access = registered.text("access_token");
        let request = claims(Request::get("/sessions")).bearer(&access);
        let sessions = connection.ask(&request).await.unwrap();
        let address = sessions.json()["sessions"][0]["ip_address"].clone();
        assert_eq!(address, "127.0.5.7", "{sessions:?}");
    }

    async fn refuses_other_hosts(&self) {
        let text = "GET /login HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n";
        let answer = self.connection().exchange(text).await.unwrap();
        // Caddy answers by itself, with nothing.
        let is_empty = answer.ends_with("\r\n\r\n") && self.kind == ProxyKind::Caddy;
        assert!(answer.starts_with("HTTP/1.1 421") || is_empty, "{answer}");
    }

    /// A browser signs in and out, and all of its cookies are for TLS alone.
    async fn carries_a_session(&self, url: &str, email: &str) {
        let mut cookies = String::new();
        let page = self.page("GET", "/login", &[], "").await;
        let filled = [("email", email), ("password", PASSWORD)];
        let answer = self
            .submit(url, "sign_in", &page, &filled, &mut cookies)
            .await;
        // The next page looks whether the browser keeps cookies.
        let location = fields(&answer, "location").next();
        assert_eq!(location, Some("/account?cookies=check"), "{answer}");
        assert!(cookies.contains("__Host-sid="), "{answer}");
        let own = [("cookie", cookies.clone())];
        let account = self.page("GET", "/account", &own, "").await;
        assert!(account.starts_with("HTTP/1.1 200"), "{account}");
        assert!(
            fields(&account, "strict-transport-security")
                .next()
                .is_some()
        );
        let page = self.page("GET", "/logout", &own, "").await;
        let answer = self.submit(url, "sign_out", &page, &[], &mut cookies).await;
        assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
        let account = self.page("GET", "/account", &own, "").await;
        assert!(!account.starts_with("HTTP/1.1 200"), "{account}");
    }

    /// Fills in a form of a page as a browser does, hidden fields included, and keeps the cookies.
    async fn submit(
        &self,
        url: &str,
        function: &str,
        page: &str,
        filled: &[(&str, &str)],
        cookies: &mut String,
    ) -> String {
        let action = format!("/_fn/{function}");
        let (_, form) = page.split_once(&format!("action=\"{action}\"")).unwrap();
        let form = form.split("</form>").next().unwrap();
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(hidden_fields(form)).extend_pairs(filled);
        keep_cookies(page, cookies);
        let headers = [
            ("origin", url.to_owned()),
            ("sec-fetch-site", "same-origin".to_owned()),
            (
                "content-type",
                "application/x-www-form-urlencoded".to_owned(),
            ),
            ("cookie", cookies.clone()),
        ];
        let answer = self.page("POST", &action, &headers, &body.finish()).await;
        keep_cookies(&answer, cookies);
        answer
    }

    /// What programs and people read while there is no replica.
    async fn says_that_it_is_unavailable(&self) {
        // Until checks have noticed.
        pause(Duration::from_secs(2));
        let answer = self.connection().ask(&Request::get("/me")).await.unwrap();
        assert_eq!(answer.status, 503, "{answer:?}");
        let kind = answer.header("content-type");
        assert_eq!(kind, Some("application/problem+json"), "{answer:?}");
        assert_eq!(answer.text("code"), "unavailable", "{answer:?}");
        assert!(answer.retry_after().is_some(), "{answer:?}");
        let link = format!("/reset-password?token={TOKEN}");
        let page = self.page("GET", &link, &[], "").await;
        assert!(page.starts_with("HTTP/1.1 50"), "{page}");
    }

    async fn page(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, String)],
        body: &str,
    ) -> String {
        let port = self.door.address().port();
        let mut text = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost:{port}\r\naccept: text/html\r\nconnection: close\r\n"
        );
        for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
            text.extend([name, ": ", value, "\r\n"]);
        }
        if method == "POST" {
            text.extend(["content-length: ", &body.len().to_string(), "\r\n"]);
        }
        self.connection()
            .exchange(&format!("{text}\r\n{body}"))
            .await
            .unwrap()
    }
}

/// The values of a field in the head of an answer.
fn fields<'a>(answer: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    let head = answer.split("\r\n\r\n").next().unwrap_or_default();
    head.lines().filter_map(move |line| {
        let (field, value) = line.split_once(": ")?;
        field.eq_ignore_ascii_case(name).then_some(value)
    })
}

/// Adds them to those that there are, of which later ones of a name win.
fn keep_cookies(answer: &str, cookies: &mut String) {
    for cookie in fields(answer, "set-cookie") {
        for attribute in ["Secure", "HttpOnly", "Path=/"] {
            assert!(cookie.contains(&format!("; {attribute}")), "{cookie}");
        }
        let pair = cookie.split(';').next().unwrap();
        let (name, value) = pair.split_once('=').unwrap();
        let others = cookies.split("; ").filter(|it| !it.is_empty());
        let others = others.filter(|it| !it.starts_with(&format!("{name}=")));
        let mut kept: Vec<&str> = others.collect();
        if !value.is_empty() {
            kept.push(pair);
        }
        *cookies = kept.join("; ");
    }
}

/// Names and values of the fields that nobody fills in.
fn hidden_fields(form: &str) -> Vec<(String, String)> {
    let attribute = |input: &str, name: &str| {
        let (_, rest) = input.split_once(&format!(" {name}=\""))?;
        Some(rest.split('"').next()?.replace("&amp;", "&"))
    };
    let inputs = form.split("<input").skip(1);
    let inputs = inputs.map(|input| input.split('>').next().unwrap_or_default());
    let hidden = inputs.filter(|input| input.contains("type=\"hidden\""));
    hidden
        .filter_map(|input| {
            let value = attribute(input, "value").unwrap_or_default();
            Some((attribute(input, "name")?, value))
        })
        .collect()
}
