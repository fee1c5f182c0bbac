//! The log, when nobody reads it.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use vestibule::config::LogConfig;
use vestibule::telemetry::init;

use crate::support::{
    Deployment, JSON, Running, TIMEOUT, exchange, get, registers, request, text, wait_for,
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

    // The log is read again: each line is whole, and one says how many are missing.
    let pipe = portal.child.stderr.take().unwrap();
    let (sender, lines) = mpsc::channel();
    let reader = thread::spawn(move || {
        for line in BufReader::new(pipe).lines() {
            let _ = sender.send(line.unwrap());
        }
    });
    let mut logged = None;
    while logged.is_none() {
        let line = lines.recv_timeout(TIMEOUT).expect("nothing is logged");
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        if line["message"]
            .as_str()
            .unwrap()
            .contains("log lines were lost")
        {
            logged = line["lines"].as_u64();
        }
    }
    assert!(logged > Some(1000), "{logged:?}");

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
        registers(portal, "ann@example.org");
        let agent = "user-agent: evil\\u000a{\"stream\":\"audit\"}";
        let request = request("GET /api/v1/auth/me", &[agent], "");
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
fn a_client_that_hangs_up_is_in_every_log() {
    let how = std::cell::Cell::new(None);
    let lines = log_of("info", |portal| {
        registers(portal, "ann@example.org");
        let body = r#"{"email":"ann@example.org","password":"not the password"}"#;
        let path = "/api/v1/auth/login";
        let request = request(&format!("POST {path}"), &[JSON], body);
        portal.open().send(&request);
        let counted = |status: u16| {
            format!(
                r#"vestibule_http_requests_total{{method="POST",route="{path}",status="{status}"}} 1"#
            )
        };
        let look = || {
            let metrics = get(portal.private_address, "/metrics").unwrap().body;
            // It goes while its password is hashed, or before its turn came.
            [(401, "login_failure"), (408, "request_refused")]
                .into_iter()
                .find(|(status, _)| metrics.contains(&counted(*status)))
        };
        let ended = wait_for(look, || "it is not counted");
        how.set(Some(ended));
    });
    let (status, event) = how.get().unwrap();
    let is_logged = |stream: &str, field: &str, value: serde_json::Value| {
        let mut lines = lines.iter().filter(|line| line["stream"] == stream);
        assert!(lines.any(|line| line[field] == value), "{stream} {field}");
    };
    is_logged("access", "status", status.into());
    is_logged("audit", "event", event.into());
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
