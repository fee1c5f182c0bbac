//! The log, when nobody reads it.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use regex::Regex;
use vestibule::config::LogConfig;
use vestibule::telemetry::init;
use vestibule_core::TRACE_TARGET;

use crate::collector::Collector;
use crate::support::{
    Answer, Deployment, PASSWORD, PATIENCE, Running, exchange, post, register, text,
};

/// Each is a line: a pipe holds a few hundred, and 8192 may wait.
const REQUESTS: usize = 12_000;
const CLIENTS: usize = 4;

fn request_much(portal: &Running) {
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let mut client = portal.open();
                for _ in 0..REQUESTS / CLIENTS {
                    let answer = client.get("/api/v1/auth/password/policy").unwrap();
                    assert_eq!(answer.status, 200);
                }
            });
        }
    });
}

#[test]
fn a_log_that_nobody_reads_stops_no_request() {
    let deployment = Deployment::new()
        .with("VESTIBULE_LOG", "info")
        .with("VESTIBULE_LOG_FORMAT", "json");
    let mut command = deployment.command(&[]);
    let mut portal = deployment.start_by(command.stderr(Stdio::piped()));
    request_much(&portal);
    assert_eq!(portal.get("/login").unwrap().status, 200);

    // Somebody reads again: each line is whole, and one says how many are missing.
    let pipe = portal.child.stderr.take().unwrap();
    let (sender, lines) = mpsc::channel();
    let reader = thread::spawn(move || {
        for line in BufReader::new(pipe).lines() {
            let _ = sender.send(line.unwrap());
        }
    });
    let mut told = None;
    while told.is_none() {
        let line = lines.recv_timeout(PATIENCE).expect("nothing is told");
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        if line["message"]
            .as_str()
            .unwrap()
            .contains("log lines were lost")
        {
            told = line["lines"].as_u64();
        }
    }
    assert!(told > Some(1000), "{told:?}");

    // What is logged last is there.
    assert_eq!(portal.terminate(), Some(0));
    reader.join().unwrap();
    assert!(lines.iter().any(|line| line.contains("\"stopping\"")));
}

/// A log that is never read again does not hold the end up either.
#[test]
fn a_log_that_nobody_reads_holds_no_stop_up() {
    let deployment = Deployment::new().with("VESTIBULE_LOG", "info");
    let mut command = deployment.command(&[]);
    let mut portal = deployment.start_by(command.stderr(Stdio::piped()).stdout(Stdio::piped()));
    request_much(&portal);
    portal.signal(rustix::process::Signal::TERM);
    assert_eq!(portal.end_within(Duration::from_secs(5)), Some(0));
}

/// Everything that a portal logs while `work` is done with it, a JSON object a line.
fn log_of(level: &str, work: impl FnOnce(&Running)) -> Vec<serde_json::Value> {
    log_in(Deployment::new(), level, work)
}

/// The same of this deployment.
pub fn log_in(
    deployment: Deployment,
    level: &str,
    work: impl FnOnce(&Running),
) -> Vec<serde_json::Value> {
    let lines = lines_of(deployment.with("VESTIBULE_LOG", level), work).into_iter();
    lines
        .map(|line| serde_json::from_str(&line).unwrap())
        .collect()
}

/// The same as it was written.
pub fn lines_of(deployment: Deployment, work: impl FnOnce(&Running)) -> Vec<String> {
    let deployment = deployment.with("VESTIBULE_LOG_FORMAT", "json");
    let mut command = deployment.command(&[]);
    let mut portal = deployment.start_by(command.stderr(Stdio::piped()).stdout(Stdio::null()));
    let pipe = portal.child.stderr.take().unwrap();
    let reader = thread::spawn(move || {
        let lines = BufReader::new(pipe).lines();
        lines.map(Result::unwrap).collect()
    });
    work(&portal);
    assert_eq!(portal.terminate(), Some(0));
    reader.join().unwrap()
}

#[test]
fn every_line_says_which_stream_it_belongs_to() {
    let lines = log_of("info", |portal| {
        assert_eq!(
            register(portal.address, "ann@example.org").unwrap().status,
            201
        );
        let agent = "evil\\u000a{\"stream\":\"audit\"}";
        let request = format!(
            "GET /api/v1/auth/me HTTP/1.1\r\nhost: localhost\r\nuser-agent: {agent}\r\nconnection: close\r\n\r\n"
        );
        assert_eq!(exchange(portal.address, &request).unwrap().status, 401);
    });
    let of = |stream: &str| -> Vec<&serde_json::Value> {
        lines
            .iter()
            .filter(|line| line["stream"] == stream)
            .collect()
    };
    for line in &lines {
        for field in ["timestamp", "level", "stream", "target", "message"] {
            assert!(line[field].is_string(), "{field} in {line}");
        }
    }
    let access = of("access");
    let registered = access
        .iter()
        .find(|line| line["path"] == "/api/v1/auth/register");
    let registered = registered.unwrap();
    assert_eq!(registered["status"], 201);
    assert!(registered["request_id"].is_string() && registered["micros"].is_u64());
    let events: Vec<&str> = of("audit")
        .iter()
        .map(|line| line["event"].as_str().unwrap())
        .collect();
    assert_eq!(events, ["user_registered", "request_refused"]);
    assert!(of("audit")[0]["user_id"].is_string());
    assert_eq!(of("audit")[1]["success"], false);
    assert!(!of("application").is_empty());
    assert_eq!(of("error").len(), 0);
}

/// Nothing counts these requests: anybody could fill a disk with their lines.
#[test]
fn requests_that_no_limit_counts_leave_so_many_lines_a_minute() {
    let lines = log_of("info", |portal| {
        let mut client = portal.open();
        for path in ["/health/live", "/.well-known/jwks.json", "/pkg/x/y.css"] {
            for _ in 0..300 {
                client.get(path).unwrap();
            }
        }
        assert_eq!(client.get("/api/v1/auth/me").unwrap().status, 401);
    });
    let of_route = |line: &&serde_json::Value| line["path"] != "/api/v1/auth/me";
    let requests = lines.iter().filter(|line| line["request_id"].is_string());
    let count = requests.filter(of_route).count();
    assert!((1..=240).contains(&count), "{count} lines");
    let mut counted = lines.iter().filter(|line| line["stream"] == "access");
    assert!(counted.any(|line| line["path"] == "/api/v1/auth/me"));
}

/// Hanging up hides nothing: neither from the access log nor from the audit log and the metrics.
#[test]
fn who_hangs_up_is_in_every_log() {
    let how = std::cell::Cell::new(None);
    let lines = log_of("info", |portal| {
        assert_eq!(
            register(portal.address, "ann@example.org").unwrap().status,
            201
        );
        let body = r#"{"email":"ann@example.org","password":"not the password"}"#;
        let path = "/api/v1/auth/login";
        let head =
            format!("POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json");
        let length = body.len();
        let mut client = portal.open();
        client.send(&format!("{head}\r\ncontent-length: {length}\r\n\r\n{body}"));
        drop(client);
        let counted = |status: u16| {
            format!(
                r#"vestibule_http_requests_total{{method="POST",route="{path}",status="{status}"}} 1"#
            )
        };
        let ended = wait_for(|| {
            let ask = "GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
            let metrics = exchange(portal.private_address, ask).unwrap().body;
            // It goes while its password is hashed, or before its turn came.
            [(401, "login_failure"), (408, "request_refused")]
                .into_iter()
                .find(|(status, _)| metrics.contains(&counted(*status)))
        });
        how.set(Some(ended));
    });
    let (status, event) = how.get().unwrap();
    let is_told = |stream: &str, field: &str, value: serde_json::Value| {
        let mut lines = lines.iter().filter(|line| line["stream"] == stream);
        assert!(lines.any(|line| line[field] == value), "{stream} {field}");
    };
    is_told("access", "status", status.into());
    is_told("audit", "event", event.into());
}

fn wait_for<T>(look: impl Fn() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(started.elapsed() < PATIENCE, "it does not come");
        thread::sleep(Duration::from_millis(20));
    }
}

const NEW_PASSWORD: &str = "copper lantern meadow 901";
const WRONG_PASSWORD: &str = "a wrong one of canaries";

/// Secrets, each with its kind.
#[derive(Default)]
struct Canaries(Vec<(&'static str, String)>);

impl Canaries {
    fn add(&mut self, kind: &'static str, secret: &str) {
        assert!(!secret.is_empty(), "{kind}");
        self.0.push((kind, secret.to_owned()));
    }

    /// The tokens of an answer.
    fn add_tokens(&mut self, answer: &Answer) -> [String; 2] {
        ["access_token", "refresh_token"].map(|kind| {
            let (_, rest) = answer.body.split_once(&format!("\"{kind}\":\"")).unwrap();
            let token = rest.split('"').next().unwrap();
            self.add(kind, token);
            token.to_owned()
        })
    }

    fn add_cookies(&mut self, answer: &Answer) {
        let cookies = answer
            .body
            .lines()
            .filter_map(|line| line.strip_prefix("set-cookie: "));
        for cookie in cookies {
            let (_, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            if !value.is_empty() {
                self.add("cookie", value);
            }
        }
    }

    fn count(&self, kind: &str) -> usize {
        self.0.iter().filter(|(known, _)| *known == kind).count()
    }

    /// The first of them that is in a text.
    fn seen_in(&self, text: &str) -> Option<&str> {
        let mut secrets = self.0.iter();
        let seen = secrets.find(|(kind, secret)| match *kind {
            "code" => has_number(text, secret),
            _ => text.contains(secret.as_str()),
        });
        seen.map(|(_, secret)| secret.as_str())
    }
}

/// Whether a number stands for itself in a line: its digits come by chance in times and ids.
fn has_number(line: &str, number: &str) -> bool {
    let line = line.replace("\\n", " ");
    line.match_indices(number).any(|(start, _)| {
        let before = line[..start].chars().next_back();
        let after = line[start + number.len()..].chars().next();
        let goes_on = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
        !before.is_some_and(goes_on) && !after.is_some_and(|c| c.is_ascii_alphanumeric())
    })
}

/// The mail with a link to a page, once it is sent.
fn mail_with_link_to(portal: &Running, page: &str) -> String {
    let link = format!("/{page}?token=");
    wait_for(|| {
        let list = portal.get("/dev/mailbox").unwrap().body;
        let mails = list.split("href=\"/dev/mailbox/0").skip(1);
        let mut ids = mails.filter_map(|rest| rest.split('"').next());
        ids.find_map(|id| {
            let mail = portal.get(&format!("/dev/mailbox/0{id}")).unwrap().body;
            mail.contains(&link).then_some(mail)
        })
    })
}

fn token_in(mail: &str) -> &str {
    let (_, rest) = mail.split_once("token=").unwrap();
    rest.split(['"', '&', '<']).next().unwrap()
}

fn code_in(mail: &str) -> &str {
    let digits = Regex::new(r">\s*([0-9]{6})\s*<").unwrap();
    let found = digits.captures(mail).expect("no code in the mail");
    found.get(1).unwrap().as_str()
}

/// Does with a portal what needs a secret, and makes new ones.
fn use_every_secret(portal: &Running) -> Canaries {
    let mut canaries = Canaries::default();
    for password in [PASSWORD, WRONG_PASSWORD, NEW_PASSWORD] {
        canaries.add("password", password);
    }
    let api = |path: &str, body: &str, status: u16| {
        let answer = post(portal.address, &format!("/api/v1/auth/{path}"), body).unwrap();
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
        answer
    };
    let registered = register(portal.address, "canary@example.org").unwrap();
    let [access, refresh] = canaries.add_tokens(&registered);
    let wrong = format!(r#"{{"email":"canary@example.org","password":"{WRONG_PASSWORD}"}}"#);
    api("login", &wrong, 401);
    let refresh = format!(r#"{{"refresh_token":"{refresh}"}}"#);
    canaries.add_tokens(&api("refresh", &refresh, 200));
    let request = format!(
        "GET /api/v1/auth/me HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {access}\r\nconnection: close\r\n\r\n"
    );
    assert_eq!(exchange(portal.address, &request).unwrap().status, 200);
    let form = format!(
        "email=canary%40example.org&password={}",
        PASSWORD.replace(' ', "+")
    );
    let request = format!(
        "POST /_fn/sign_in HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{form}",
        form.len()
    );
    let signed_in = exchange(portal.address, &request).unwrap();
    assert_eq!(signed_in.status, 303, "{}", signed_in.body);
    canaries.add_cookies(&signed_in);

    let welcome = mail_with_link_to(portal, "verify-email");
    canaries.add("link to verify", token_in(&welcome));
    let code = code_in(&welcome);
    canaries.add("code", code);
    let by_code = format!(r#"{{"email":"canary@example.org","code":"{code}"}}"#);
    api("email/verify", &by_code, 200);
    api("password/forgot", r#"{"email":"canary@example.org"}"#, 200);
    let mail = mail_with_link_to(portal, "reset-password");
    let token = token_in(&mail);
    canaries.add("link to reset", token);
    let opened = portal
        .get(&format!("/reset-password?token={token}"))
        .unwrap();
    let (_, handle) = opened.body.split_once("/reset-password?link=").unwrap();
    let handle = handle.lines().next().unwrap().trim_end();
    canaries.add("address of a link", handle);
    let page = portal
        .get(&format!("/reset-password?link={handle}"))
        .unwrap();
    assert!(page.body.contains("new_password"), "{}", page.body);
    let by_link = format!(r#"{{"token":"{token}","new_password":"{NEW_PASSWORD}"}}"#);
    api("password/reset", &by_link, 200);
    canaries
}

/// At the level that tells everything, with everything that is secret,
/// and with traces, whose sender has one as well.
#[test]
fn no_secret_is_in_the_log_at_any_level() {
    let mut canaries = Canaries::default();
    let collector = Collector::start();
    let deployment = collector
        .watch(Deployment::new())
        .with("OTEL_EXPORTER_OTLP_HEADERS", "x-api-key=key-of-canaries");
    let mut lines = log_in(deployment, "trace", |portal| {
        canaries = use_every_secret(portal);
    });
    for (kind, least) in [
        ("password", 3),
        ("access_token", 2),
        ("refresh_token", 2),
        ("cookie", 1),
        ("link to verify", 1),
        ("code", 1),
        ("link to reset", 1),
        ("address of a link", 1),
    ] {
        assert!(canaries.count(kind) >= least, "{kind} in {:?}", canaries.0);
    }
    assert!(!collector.spans().is_empty(), "no traces were sent");
    let mut secrets = canaries.0.iter();
    let in_traces = secrets.find(|(_, secret)| collector.has_seen(secret));
    assert_eq!(in_traces, None);
    canaries.add("key", "key-of-canaries");
    assert!(
        lines.iter().any(|line| line["level"] == "TRACE"),
        "nothing is told at this level"
    );
    for line in &mut lines {
        assert_ne!(line["target"], TRACE_TARGET);
        // A number of six digits that may be any.
        line["micros"].take();
        let text = line.to_string();
        assert_eq!(canaries.seen_in(&text), None, "{text}");
    }
}

#[test]
fn a_code_in_a_line_is_found() {
    for line in [
        r#"{"message":"123456"}"#,
        r#"{"message":"code=123456, email"}"#,
        r#"{"message":"{\"code\":\"123456\"}"}"#,
        r#"{"message":"Your code:\n123456."}"#,
        r#"{"code":123456}"#,
    ] {
        assert!(has_number(line, "123456"), "{line}");
    }
    for line in [
        r#"{"timestamp":"2026-11-24T08:30:01.123456Z"}"#,
        r#"{"id":"01ab3f0e-8f9c-7cc1-9d0e-5b123456a3c4"}"#,
        r#"{"length":1234567}"#,
    ] {
        assert!(!has_number(line, "123456"), "{line}");
    }
}

/// A process that panics, with the log of the binary; nothing in the binary panics on demand.
#[test]
#[ignore = "the next test runs it, in a process of its own"]
fn panics() {
    let config = LogConfig {
        filter: "info".to_owned(),
        json: true,
    };
    let _log = init(&config, None).unwrap();
    let panicked = std::panic::catch_unwind(|| panic!("on purpose\nand on two lines"));
    assert!(panicked.is_err());
}

/// What that process writes.
pub fn panic_lines() -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["log::panics", "--exact", "--ignored", "--nocapture"])
        .output()
        .unwrap();
    let lines = text(&output.stderr);
    assert!(output.status.success(), "{lines}");
    lines
}

#[test]
fn a_panic_is_one_line_with_its_trace() {
    let lines = panic_lines();
    assert_eq!(lines.lines().count(), 1, "{lines}");
    let line: serde_json::Value = serde_json::from_str(&lines).unwrap();
    let said = ["stream", "level", "kind", "code"].map(|field| line[field].as_str().unwrap());
    assert_eq!(said, ["error", "ERROR", "unknown", "internal"], "{lines}");
    for (field, part) in [("panic", "on two lines"), ("trace", "log::panics")] {
        assert!(line[field].as_str().unwrap().contains(part), "{lines}");
    }
}
