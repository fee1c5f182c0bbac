//! Failures of the portal: in the log once, with what is needed to find them,
//! and never more than one request.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use http::{Method, Request};
use serde_json::{Value, json};
use time::OffsetDateTime;
use tower::ServiceExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use vestibule::config::LogConfig;
use vestibule::telemetry::subscriber;
use vestibule::{Adapters, Portal};
use vestibule_core::ports::{Clock, StoreError};
use vestibule_core::{AuthError, Field, FieldCode, FieldError, MasterKey};
use vestibule_mail::MemoryMailer;
use vestibule_storage::{StorageSettings, connect_store};
use vestibule_testkit::{FakeClock, SeededRandom, databases};
use vestibule_web::Problem;

use crate::support::{Answer, MASTER_KEY, PASSWORD, TestApp, config, signed_in_browser};

/// All that this process has logged, as in production.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Begins to listen; the first call counts.
    fn open() -> Self {
        static LOG: OnceLock<Log> = OnceLock::new();
        let open = || {
            let log = Self::default();
            let writer = log.clone();
            let config = LogConfig {
                filter: "info".to_owned(),
                json: true,
            };
            subscriber(&config, move || writer.clone(), false).init();
            log
        };
        LOG.get_or_init(open).clone()
    }

    fn lines(&self) -> Vec<Value> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        let lines = text.lines().map(serde_json::from_str);
        lines.collect::<Result<_, _>>().unwrap()
    }

    /// The lines of one request that are warnings or worse.
    fn failures_of(&self, request_id: &str) -> Vec<Value> {
        let mut lines = self.lines();
        lines.retain(|line| {
            line["request_id"] == request_id
                && ["ERROR", "WARN"].contains(&line["level"].as_str().unwrap())
        });
        lines
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_is_logged_once_with_kind_code_request_id_and_route() {
    let log = Log::open();
    for (seed, database) in (42..).zip(databases().await) {
        let app = TestApp::start(Arc::new(database), |_| {}, seed).await;
        let ann = app.user("ann@example.org").await;
        let mut browser = signed_in_browser(&app, "ann@example.org").await;
        app.read_mails().await;
        app.store.close().await;

        let answer = app.me(&ann).await;
        expect_one(&log, &answer, "/api/v1/auth/me");

        let answer = app.login("ann@example.org", PASSWORD).await;
        expect_one(&log, &answer, "/api/v1/auth/login");

        let page = browser.open("/account").await;
        assert!(page.retry_after() >= 1);
        expect_one(&log, &page, "/account");
    }
}

/// Each of the six kinds, at the edge that all operations' errors pass.
#[test]
fn every_kind_of_error_is_logged_with_what_helps() {
    let log = Log::open();
    let (retry_after, defect) = (Duration::from_secs(1), "a defect of the test");
    let fields = vec![
        FieldError {
            field: Field::Email,
            code: FieldCode::Taken,
        },
        FieldError {
            field: Field::Password,
            code: FieldCode::TooShort,
        },
    ];
    let store = StoreError::Unexpected("a constraint of the test".into());
    let cases = [
        (AuthError::ValidationFailed(fields), "INFO", "validation"),
        (AuthError::InvalidCredentials, "INFO", "authentication"),
        (
            AuthError::RateLimited { retry_after },
            "INFO",
            "authorization",
        ),
        (AuthError::from(store), "ERROR", "database"),
        (AuthError::Overloaded { retry_after }, "WARN", "external"),
        (AuthError::internal(defect), "ERROR", "unknown"),
    ];
    for (number, (error, level, kind)) in cases.into_iter().enumerate() {
        let code = error.code().as_str();
        let id = format!("kind-{number}");
        tracing::info_span!("request", request_id = id).in_scope(|| Problem::from(error));
        let mut lines = log.lines();
        lines.retain(|line| line["request_id"] == id);
        let line = only(&lines);
        let said = ["level", "kind", "code"].map(|field| line[field].as_str().unwrap());
        assert_eq!(said, [level, kind, code], "{line:#?}");
        let fields = (kind == "validation").then_some("email: taken, password: too_short");
        assert_eq!(line["fields"].as_str(), fields, "{line:#?}");
        let traces = line["trace"]
            .as_str()
            .is_some_and(|trace| trace.contains("every_kind_of_error_is_logged_with_what_helps"));
        assert_eq!(traces, kind == "unknown", "{line:#?}");
    }
}

/// What no operation refuses: where nothing is, another method,
/// another site, nobody who is signed in.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_refused_on_the_way_is_logged_once_with_its_kind() {
    let log = Log::open();
    let database = databases().await.remove(0);
    let app = TestApp::start(Arc::new(database), |_| {}, 62).await;
    let elsewhere = app.post("/login").header("origin", "https://evil.example");
    let calls = [
        (app.get("/nothing"), "validation", "not_found"),
        (app.delete("/login"), "validation", "method_not_allowed"),
        (app.get("/me"), "authentication", "unauthenticated"),
        (elsewhere, "authorization", "forbidden"),
    ];
    for (call, kind, code) in calls {
        let answer = call.await;
        let id = answer.header("x-request-id");
        let mut lines = log.lines();
        lines.retain(|line| line["request_id"] == id && line["code"] == code);
        let line = only(&lines);
        let said = ["level", "kind"].map(|field| line[field].as_str().unwrap());
        assert_eq!(said, ["INFO", kind], "{line:#?}");
    }
}

/// The database is there, and answers what it never should.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unexpected_answer_of_the_database_is_one_500() {
    let log = Log::open();
    for (seed, database) in (52..).zip(databases().await) {
        let app = TestApp::start(Arc::new(database), |_| {}, seed).await;
        let ann = app.user("ann@example.org").await;
        app.read_mails().await;
        app.database.execute("drop table mail_outbox").await;
        let id = format!("unexpected-{seed}");
        let register = send(&app.portal, &Method::POST, "/api/v1/auth/register", &id);
        let answer = Answer::read(register.await).await;
        assert_eq!(answer.status, 500, "{answer:?}");
        assert_eq!(answer.code(), "internal");
        let lines = log.failures_of(&id);
        let line = only(&lines);
        assert_eq!(line["kind"], "database", "{line:#?}");
        assert!(
            line["causes"].to_string().contains("mail_outbox"),
            "{line:#?}"
        );
        assert_eq!(app.count("users").await, "1", "nothing half-written");
        app.me(&ann).await.expect(200);
    }
}

#[track_caller]
fn only(lines: &[Value]) -> &Value {
    assert_eq!(lines.len(), 1, "{lines:#?}");
    &lines[0]
}

#[track_caller]
fn expect_one(log: &Log, answer: &Answer, route: &str) {
    assert_eq!(answer.status, 503, "{answer:?}");
    let lines = log.failures_of(answer.header("x-request-id"));
    let line = only(&lines);
    let what = ["level", "kind", "code"].map(|field| line[field].as_str().unwrap());
    assert_eq!(what, ["ERROR", "database", "unavailable"], "{line:#?}");
    assert_eq!(line["route"], route, "{line:#?}");
    assert!(line["causes"][0].is_string(), "{line:#?}");
}

/// A clock that breaks on demand, once.
struct BrokenClock {
    clock: FakeClock,
    is_broken: AtomicBool,
}

impl Clock for BrokenClock {
    fn now(&self) -> OffsetDateTime {
        assert!(!self.is_broken.swap(false, Ordering::Relaxed), "on purpose");
        self.clock.now()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_is_one_500_and_everything_goes_on() {
    let log = Log::open();
    for database in databases().await {
        let config = config(&database);
        let store = connect_store(&config.database.url, &StorageSettings::default()).unwrap();
        store.migrate().await.unwrap();
        let clock = Arc::new(BrokenClock {
            clock: FakeClock::new(),
            is_broken: AtomicBool::new(false),
        });
        let adapters = Adapters {
            store: store.clone(),
            clock: clock.clone(),
            random: Arc::new(SeededRandom::new(42)),
            mailer: Arc::new(MemoryMailer::new(config.mail.settings.clone())),
            mailbox: None,
            master_key: MasterKey::parse(MASTER_KEY).unwrap(),
        };
        let portal = vestibule::build(&config, adapters).await.unwrap();
        assert_eq!(register(&portal, "before@example.org").await, 201);
        for round in 0..3 {
            // A page, a call that is run to its end, and one that is not.
            for (method, path) in [
                (Method::GET, "/verify-email?token=x"),
                (Method::POST, "/api/v1/auth/register"),
                (Method::GET, "/api/v1/auth/me"),
            ] {
                clock.is_broken.store(true, Ordering::Relaxed);
                let id = format!(
                    "panic-{round}-{}-{method}-{}",
                    database.is_postgres(),
                    path.len()
                );
                let answer = Answer::read(send(&portal, &method, path, &id).await).await;
                let status = answer.status;
                assert_eq!(status, 500, "{method} {path}: {answer:?}");
                assert_eq!(answer.header("x-request-id"), id);
                if path.starts_with("/api/") {
                    assert_eq!(answer.json()["request_id"], id.as_str());
                    assert_eq!(answer.code(), "internal");
                }
                // The panic hook of the binary has logged it.
                assert_eq!(log.failures_of(&id), Vec::<Value>::new());
            }
            clock.is_broken.store(false, Ordering::Relaxed);
            gives!(register(&portal, &format!("after-{round}@example.org")) => 201);
        }
        store.close().await;
    }
}

async fn send(portal: &Portal, method: &Method, path: &str, id: &str) -> Response {
    let token = "eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCIsImtpZCI6IngifQ.e30.x";
    let body = json!({ "email": "eve@example.org", "password": PASSWORD });
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "auth.example.org")
        .header("x-request-id", id)
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .body(Body::from(if method == Method::POST {
            body.to_string()
        } else {
            String::new()
        }));
    portal
        .public
        .clone()
        .oneshot(request.unwrap())
        .await
        .unwrap()
}

async fn register(portal: &Portal, email: &str) -> u16 {
    let body = json!({ "email": email, "password": PASSWORD });
    let request = Request::post("/api/v1/auth/register")
        .header("host", "auth.example.org")
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()));
    let answer = portal.public.clone().oneshot(request.unwrap()).await;
    answer.unwrap().status().as_u16()
}
