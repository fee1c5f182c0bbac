//! What a collector of OpenTelemetry gets to see, and that nobody has to wait for it.

use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use rustix::process::Signal;
use vestibule_testkit::{databases, redis_url};

use crate::collector::{Collector, texts};
use crate::log::log_in;
use crate::log_secrets::{NEW_PASSWORD, use_every_secret};
use crate::support::{
    Answer, Deployment, JSON, PASSWORD, Running, exchange, free_address, post, refused_in_one_line,
    registers, request,
};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";
const REGISTER: &str = "POST /api/v1/auth/register";

/// All that a span may say. Each of these has a closed set of values,
/// but for the id that the answer has as well.
const ATTRIBUTES: &str = "db.query.summary db.system.name error.type http.request.method \
    http.response.status_code http.route mail.kind request_id";

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

/// One that may say which trace its requests belong to: it comes from an address that is trusted.
fn trusting(deployment: Deployment) -> Deployment {
    deployment.with("VESTIBULE_TRUSTED_PROXIES", "127.0.0.1")
}

fn register_with(portal: &Running, email: &str, header: &str) -> Answer {
    let body = format!(r#"{{"email":"{email}","password":"{PASSWORD}"}}"#);
    exchange(portal.address, &request(REGISTER, &[header, JSON], &body)).unwrap()
}

/// The trace that the line of each registration names.
fn logged_traces(lines: &[serde_json::Value]) -> Vec<Option<&str>> {
    let is_registration = |line: &&serde_json::Value| {
        line["stream"] == "access" && line["path"] == "/api/v1/auth/register"
    };
    let registrations = lines.iter().filter(is_registration);
    registrations
        .map(|line| line["trace_id"].as_str())
        .collect()
}

#[tokio::test]
async fn a_request_is_one_trace_and_goes_on_with_the_callers() {
    for database in databases().await {
        let collector = Collector::start();
        let deployment = collector.watch(trusting(Deployment::on(&database)));
        let mut request_id = String::new();
        let lines = log_in(deployment, "info", |portal| {
            let header = format!("traceparent: 00-{TRACE}-{CALLER}-01");
            let answer = register_with(portal, "ann@example.org", &header);
            assert_eq!(answer.status, 201, "{}", answer.body);
            let (_, rest) = answer.body.split_once("x-request-id: ").unwrap();
            request_id = rest.lines().next().unwrap().to_owned();
        });
        let spans = collector.spans();
        let of_trace: Vec<&Span> = spans
            .iter()
            .filter(|span| hex(&span.trace_id) == TRACE)
            .collect();
        let servers: Vec<&&Span> = of_trace
            .iter()
            .filter(|span| span.kind() == SpanKind::Server)
            .collect();
        let [server] = servers[..] else {
            panic!("{servers:#?}")
        };
        assert_eq!(
            (server.name.as_str(), hex(&server.parent_span_id).as_str()),
            (REGISTER, CALLER)
        );
        let said = texts(&server.attributes);
        for (name, value) in [
            ("http.request.method", "POST"),
            ("http.route", "/api/v1/auth/register"),
            ("http.response.status_code", "201"),
            ("request_id", &request_id),
        ] {
            assert_eq!(said[name], value, "{said:#?}");
        }
        let system = if database.is_postgres() {
            "postgresql"
        } else {
            "sqlite"
        };
        check_children(server, &of_trace, system);
        assert_eq!(logged_traces(&lines), [Some(TRACE)]);
        assert_eq!(collector.resource()["service.name"], "vestibule");
    }
}

#[track_caller]
fn check_children(server: &Span, of_trace: &[&Span], system: &str) {
    for name in ["hash password", "insert users", "commit"] {
        let child = of_trace.iter().find(|span| span.name == name);
        let child = child.unwrap_or_else(|| panic!("{name} in {of_trace:#?}"));
        assert_eq!(child.parent_span_id, server.span_id, "{name}");
        assert!(child.end_time_unix_nano <= server.end_time_unix_nano);
        let said = texts(&child.attributes);
        if name != "hash password" {
            assert_eq!(child.kind(), SpanKind::Client);
            assert_eq!(said["db.system.name"], system);
            assert_eq!(said["db.query.summary"], name);
        }
    }
}

#[test]
fn a_header_that_is_malformed_begins_a_new_trace() {
    let header = format!("traceparent: 00-{}-{CALLER}-01", TRACE.to_uppercase());
    begins_a_new_trace(trusting(Deployment::new()), &header);
}

/// Or anybody could have every trace kept, and mix theirs with those of others.
#[test]
fn a_sender_that_is_no_trusted_proxy_chooses_no_trace() {
    let header = format!("traceparent: 00-{TRACE}-{CALLER}-01");
    begins_a_new_trace(Deployment::new(), &header);
}

#[track_caller]
fn begins_a_new_trace(deployment: Deployment, header: &str) {
    let collector = Collector::start();
    let deployment = collector.watch(deployment);
    let lines = log_in(deployment, "info", |portal| {
        let answer = register_with(portal, "ann@example.org", header);
        assert_eq!(answer.status, 201);
    });
    let span = collector.wait_for(|span| span.name == REGISTER);
    assert!(span.parent_span_id.is_empty());
    let trace = hex(&span.trace_id);
    assert_ne!(trace, TRACE);
    assert_eq!(logged_traces(&lines), [Some(trace.as_str())]);
}

#[test]
fn without_a_collector_the_log_still_names_the_callers_trace() {
    let deployment = trusting(Deployment::new());
    let lines = log_in(deployment, "info", |portal| {
        let header = format!("traceparent: 00-{TRACE}-{CALLER}-00");
        for header in [header.as_str(), "x-nothing: 1"] {
            register_with(portal, "ann@example.org", header);
        }
    });
    assert_eq!(logged_traces(&lines), [Some(TRACE), None]);
}

/// Whatever is secret or identifies a user.
#[test]
fn a_trace_names_nobody() {
    let collector = Collector::start();
    let deployment = collector.watch(Deployment::new());
    let portal = deployment.start();
    let secrets = use_every_secret(&portal);
    let again = format!(r#"{{"email":"canary@example.org","password":"{NEW_PASSWORD}"}}"#);
    let signed_in = post(portal.address, "/api/v1/auth/login", &again).unwrap();
    let (_, id) = signed_in.body.split_once("\"id\":\"").unwrap();
    for (line, status) in [
        ("GET /api/v1/auth/me?canary=1", 401),
        ("GET /canary/page", 404),
        ("CANARY /login", 405),
    ] {
        let odd = request(line, &["user-agent: Mozilla/5.0"], "");
        assert_eq!(exchange(portal.address, &odd).unwrap().status, status);
    }
    let is_welcome =
        |span: &Span| span.name == "send mail" && texts(&span.attributes)["mail.kind"] == "welcome";
    let mail = collector.wait_for(is_welcome);
    assert!(mail.parent_span_id.is_empty());
    assert_eq!(portal.terminate(), Some(0));
    assert!(collector.has_seen("POST /_fn/sign_in") && collector.has_seen("_OTHER"));
    let user = id.split('"').next().unwrap();
    let people = [user, "canary", "correct+horse", "127.0.0.1", "Mozilla"];
    let secrets = secrets.0.iter().map(|(_, secret)| secret.as_str());
    for text in secrets.chain(people) {
        assert!(!collector.has_seen(text), "{text} is in a trace");
    }
    for span in collector.spans() {
        for name in texts(&span.attributes).keys() {
            let is_known = ATTRIBUTES.split(' ').any(|known| known == name);
            assert!(is_known, "{name} in {span:#?}");
        }
        assert!(span.events.is_empty(), "what is logged stays in the log");
    }
}

#[test]
fn what_waits_is_sent_at_the_end_and_the_standards_variables_hold() {
    let collector = Collector::start();
    let deployment = collector
        .watch(Deployment::new())
        .with("VESTIBULE_SHUTDOWN_GRACE_SECONDS", "1")
        .with("OTEL_BSP_SCHEDULE_DELAY", "600000")
        .with("OTEL_SERVICE_NAME", "portal-of-tests")
        .with("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=ci")
        .with("OTEL_EXPORTER_OTLP_HEADERS", "x-api-key=of%20tests");
    let mut portal = deployment.start();
    registers(&portal, "ann@example.org");
    thread::sleep(Duration::from_millis(300));
    assert_eq!(collector.spans(), [], "it waits");
    portal.signal(Signal::TERM);
    while portal.get("/health/ready").unwrap().status != 503 {}
    assert_eq!(portal.end_within(Duration::from_secs(10)), Some(0));

    let spans = collector.spans();
    assert!(spans.iter().any(|span| span.name == REGISTER));
    let failed = spans.iter().find(|span| {
        let said = texts(&span.attributes);
        said.get("http.response.status_code").map(String::as_str) == Some("503")
    });
    let status = failed.unwrap().status.clone().unwrap();
    assert_eq!(status.code(), StatusCode::Error);
    let resource = collector.resource();
    assert_eq!(resource["service.name"], "portal-of-tests");
    assert_eq!(resource["deployment.environment.name"], "ci");
    for (line, headers) in collector.heads() {
        assert_eq!(line, "POST /v1/traces");
        assert_eq!(headers["x-api-key"], "of tests");
    }
}

#[test]
fn the_sampler_can_leave_it_to_nobody() {
    let collector = Collector::start();
    let deployment = collector
        .watch(Deployment::new())
        .with("OTEL_TRACES_SAMPLER", "traceidratio")
        .with("OTEL_TRACES_SAMPLER_ARG", "0");
    let portal = deployment.start();
    let header = format!("traceparent: 00-{TRACE}-{CALLER}-01");
    assert_eq!(
        register_with(&portal, "ann@example.org", &header).status,
        201
    );
    assert_eq!(portal.terminate(), Some(0));
    assert_eq!(collector.spans(), []);
}

/// More spans than may wait, and each request is answered as ever.
#[test]
fn a_collector_that_is_of_no_use_holds_nobody_up() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    for address in [silent.local_addr().unwrap(), free_address()] {
        let endpoint = format!("http://{address}");
        let deployment = Deployment::new()
            .with("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)
            .with("OTEL_BSP_SCHEDULE_DELAY", "50");
        let mut portal = deployment.start();
        let mut client = portal.open();
        for _ in 0..3000 {
            let asked = Instant::now();
            assert_eq!(client.get("/health/live").unwrap().status, 200);
            let took = asked.elapsed();
            assert!(took < Duration::from_secs(1), "{took:?} with {endpoint}");
        }
        drop(client);
        portal.signal(Signal::TERM);
        assert_eq!(portal.end_within(Duration::from_secs(4)), Some(0));
    }
}

#[test]
fn a_wrong_endpoint_is_refused_in_one_line() {
    for endpoint in [
        "collector.example.org:4318",
        "collector",
        "grpc://collector:4317",
        "http://",
        "http://ann:not-a-secret@collector:4318",
        "http://collector:4318/?key=not-a-secret",
    ] {
        let deployment = Deployment::new().with("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint);
        let output = deployment.run(&[]);
        refused_in_one_line(&output, "OTEL_EXPORTER_OTLP_ENDPOINT", "must be the http");
        let lines = String::from_utf8_lossy(&output.stderr);
        assert!(!lines.contains("not-a-secret"), "{lines}");
    }
}

#[test]
fn what_polls_makes_no_traces() {
    let collector = Collector::start();
    let deployment = collector.watch(Deployment::new());
    let portal = deployment.start();
    registers(&portal, "ann@example.org");
    collector.wait_for(|span| span.name == "send mail");
    collector.wait_for(|span| span.name == REGISTER);
    // Four looks at the outbox, ten of the writer of audit events.
    thread::sleep(Duration::from_secs(2));
    let spans = collector.spans();
    for span in &spans {
        let begins = span.kind() == SpanKind::Server || span.name == "send mail";
        assert_eq!(span.parent_span_id.is_empty(), begins, "{span:#?}");
        let parent = |other: &Span| other.span_id == span.parent_span_id;
        assert!(begins || spans.iter().any(parent), "{span:#?}");
    }
    assert_eq!(portal.terminate(), Some(0));
}

#[test]
fn a_call_of_redis_belongs_to_its_request() {
    let Some(url) = redis_url() else { return };
    let collector = Collector::start();
    let deployment = collector.watch(Deployment::new()).with("REDIS_URL", &url);
    let portal = deployment.start();
    let call = collector.wait_for(|span| span.name == "redis");
    assert_eq!(texts(&call.attributes)["db.system.name"], "redis");
    let request = collector.wait_for(|span| span.span_id == call.parent_span_id);
    assert_eq!(request.name, "GET /health/ready");
    assert_eq!(portal.terminate(), Some(0));
}
