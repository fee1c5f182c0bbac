//! How often each request asks the database and waits: one more is a decision, not an accident.
//!
//! Counted are statements, and the beginning and the end of transactions. Each counts as much as a way to the database and
//! back, which is why there are few; SQLite is inside the process, where more do no harm.

use http::Method;
use serde_json::json;
use vestibule::config::Config;

use crate::support::{PASSWORD, TestApp, on_every_database, signed_in_browser};

on_every_database! {
    no_request_asks_more_often_than_it_has_to with without_redis,
}

/// What Redis saves is counted in its own tests.
fn without_redis(config: &mut Config) {
    config.redis.url = None;
}

/// Each request, how often it asks SQLite, and how often PostgreSQL.
const EXPECTED: &[(&str, u64, u64)] = &[
    ("GET /.well-known/jwks.json", 0, 0),
    ("GET /password/policy", 0, 0),
    ("GET /health/live", 0, 0),
    ("GET /health/ready", 1, 1),
    ("GET /login", 0, 0),
    ("GET /register", 0, 0),
    ("GET /forgot-password", 0, 0),
    ("GET /me, without a token", 0, 0),
    ("POST /refresh, with a token that is none", 0, 0),
    ("POST /login", 7, 2),
    ("POST /login, wrong password", 1, 1),
    ("POST /login, unknown address", 1, 1),
    ("POST /refresh", 1, 1),
    ("POST /refresh, again", 1, 1),
    ("POST /login, new device", 8, 2),
    ("POST /register", 10, 10),
    ("POST /register, taken address", 3, 3),
    ("audit events and last seen, of all these", 4, 4),
    ("GET /me, first", 1, 1),
    ("GET /me", 0, 1),
    ("GET /sessions", 1, 2),
    ("GET /events", 1, 2),
    ("PATCH /me", 5, 6),
    ("POST /logout", 6, 6),
    ("GET /me, signed out", 1, 1),
    ("POST /password/forgot", 8, 8),
    ("POST /password/forgot, unknown address", 4, 4),
    ("POST /password/reset", 15, 15),
    ("POST /email/verify", 6, 6),
    ("/account", 3, 4),
    ("/account/profile", 1, 2),
    ("/account/sessions", 2, 3),
    ("/account/activity", 3, 4),
    ("signing out on the page", 7, 8),
    ("signing in on the page", 8, 4),
];

struct Counter {
    app: TestApp,
    before: u64,
    counted: Vec<(&'static str, u64)>,
}

impl Counter {
    fn new(app: &TestApp) -> Self {
        Self {
            app: app.clone(),
            before: app.store.round_trips(),
            counted: Vec::new(),
        }
    }

    /// What was asked since the last time belongs to this.
    fn count(&mut self, request: &'static str) {
        let now = self.app.store.round_trips();
        self.counted.push((request, now - self.before));
        self.before = now;
    }

    /// What was asked since the last time is not looked at.
    fn skip(&mut self) {
        self.before = self.app.store.round_trips();
    }
}

async fn no_request_asks_more_often_than_it_has_to(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    let mut counter = Counter::new(&app);
    without_an_account(&app, &mut counter).await;
    signing_in(&app, &mut counter).await;
    signed_in(&app, &mut counter, &ann.access_token).await;
    by_mail(&app, &mut counter).await;
    pages(&app, &mut counter).await;
    let is_postgres = app.database.is_postgres();
    let expected: Vec<(&str, u64)> = EXPECTED
        .iter()
        .map(|(request, sqlite, postgres)| {
            (*request, if is_postgres { *postgres } else { *sqlite })
        })
        .collect();
    assert_eq!(counter.counted, expected);
    app.read_mails().await;
}

async fn without_an_account(app: &TestApp, counter: &mut Counter) {
    for (name, path) in [
        ("GET /.well-known/jwks.json", "/.well-known/jwks.json"),
        ("GET /password/policy", "/api/v1/auth/password/policy"),
        ("GET /health/live", "/health/live"),
        ("GET /health/ready", "/health/ready"),
        ("GET /login", "/login"),
        ("GET /register", "/register"),
        ("GET /forgot-password", "/forgot-password"),
    ] {
        app.at(Method::GET, path).await.expect(200);
        counter.count(name);
    }
    app.get("/me").await.expect(401);
    counter.count("GET /me, without a token");
    let body = json!({ "refresh_token": "x" });
    app.post("/refresh").json(&body).await.expect(401);
    counter.count("POST /refresh, with a token that is none");
}

async fn signing_in(app: &TestApp, counter: &mut Counter) {
    let login = async |email: &str, password: &str| {
        let body = json!({ "email": email, "password": password });
        app.post("/login").json(&body).await
    };
    let answer = login("ann@example.org", PASSWORD).await.expect(200).json();
    counter.count("POST /login");
    login("ann@example.org", "wrong").await.expect(401);
    counter.count("POST /login, wrong password");
    login("nobody@example.org", PASSWORD).await.expect(401);
    counter.count("POST /login, unknown address");
    let body = json!({ "refresh_token": answer["refresh_token"] });
    app.post("/refresh").json(&body).await.expect(200);
    counter.count("POST /refresh");
    app.post("/refresh").json(&body).await.expect(200);
    counter.count("POST /refresh, again");
    let body = json!({ "email": "bob@example.org", "password": PASSWORD, "device_name": "phone" });
    app.account("bob@example.org").await;
    counter.skip();
    app.post("/login").json(&body).await.expect(200);
    counter.count("POST /login, new device");
    app.read_mails().await;
    let body = json!({ "email": "eve@example.org", "password": PASSWORD });
    counter.skip();
    app.post("/register").json(&body).await.expect(201);
    counter.count("POST /register");
    app.post("/register").json(&body).await.expect(409);
    counter.count("POST /register, taken address");
    // What waits is written with a statement for all events and one for all sessions.
    app.write_deferred().await;
    counter.count("audit events and last seen, of all these");
    app.read_mails().await;
    counter.skip();
}

async fn signed_in(app: &TestApp, counter: &mut Counter, access_token: &str) {
    app.get("/me").bearer(access_token).await.expect(200);
    counter.count("GET /me, first");
    app.get("/me").bearer(access_token).await.expect(200);
    counter.count("GET /me");
    app.get("/sessions").bearer(access_token).await.expect(200);
    counter.count("GET /sessions");
    app.get("/events").bearer(access_token).await.expect(200);
    counter.count("GET /events");
    let body = json!({ "first_name": "Anna" });
    app.patch("/me")
        .bearer(access_token)
        .json(&body)
        .await
        .expect(200);
    counter.count("PATCH /me");
    app.post("/logout").bearer(access_token).await.expect(204);
    counter.count("POST /logout");
    app.get("/me").bearer(access_token).await.expect(401);
    counter.count("GET /me, signed out");
}

async fn by_mail(app: &TestApp, counter: &mut Counter) {
    for (name, email) in [
        ("POST /password/forgot", "ann@example.org"),
        (
            "POST /password/forgot, unknown address",
            "nobody@example.org",
        ),
    ] {
        let body = json!({ "email": email });
        app.post("/password/forgot").json(&body).await.expect(200);
        counter.count(name);
    }
    let token = app.mail_to("ann@example.org").await.token.unwrap();
    counter.skip();
    let body = json!({ "token": token, "new_password": PASSWORD });
    app.post("/password/reset").json(&body).await.expect(200);
    counter.count("POST /password/reset");
    app.read_mails().await;
    let (_, mail) = app.account("zoe@example.org").await;
    counter.skip();
    app.verify(&mail.token.unwrap()).await.expect(200);
    counter.count("POST /email/verify");
}

async fn pages(app: &TestApp, counter: &mut Counter) {
    let mut browser = signed_in_browser(app, "ann@example.org").await;
    browser.open("/account").await.expect(200);
    counter.skip();
    for path in [
        "/account",
        "/account/profile",
        "/account/sessions",
        "/account/activity",
    ] {
        browser.open(path).await.expect(200);
        counter.count(path);
    }
    browser.submit("sign_out", &[]).await.expect(303);
    counter.count("signing out on the page");
    let fields = [("email", "ann@example.org"), ("password", PASSWORD)];
    browser.submit("sign_in", &fields).await.expect(303);
    counter.count("signing in on the page");
}
