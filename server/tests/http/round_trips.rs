//! How often each request asks the database and waits: one more is a decision, not an accident.
//!
//! Counted are statements, and the beginning and the end of transactions. Each counts as much as a
//! way to the database and back, which is why there are few;
//! SQLite is inside the process, where more do no harm.

use http::Method;
use serde_json::{Value, json};
use vestibule::config::Config;

use crate::support::{
    Browser, NEW_PASSWORD, PASSWORD, SignedIn, TestApp, on_every_database, signed_in_browser,
};

on_every_database! {
    no_request_asks_more_often_than_it_has_to with without_redis,
}

/// An endpoint without a row here could ask as often as it likes.
#[test]
fn every_endpoint_is_counted() {
    let document = vestibule::api::document().to_json().unwrap();
    let document: Value = serde_json::from_str(&document).unwrap();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let path = path.trim_start_matches("/api/v1/auth");
        for method in methods.as_object().unwrap().keys() {
            let name = format!("{} {path}", method.to_uppercase());
            let is_counted =
                |(row, ..): &(&str, u64, u64)| *row == name || row.starts_with(&format!("{name},"));
            assert!(EXPECTED.iter().any(is_counted), "{name}");
        }
    }
}

/// What Redis saves is counted in its own tests.
fn without_redis(config: &mut Config) {
    config.redis.url = None;
}

/// Each request, how often it asks SQLite, and how often PostgreSQL.
const EXPECTED: &[(&str, u64, u64)] = &[
    ("GET /.well-known/change-password", 0, 0),
    ("GET /.well-known/jwks.json", 0, 0),
    ("GET /password/policy", 0, 0),
    ("GET /health/live", 0, 0),
    ("GET /health/ready", 1, 1),
    ("GET /login", 0, 0),
    ("GET /register", 0, 0),
    ("GET /forgot-password", 0, 0),
    ("GET /verify-email", 0, 0),
    ("GET /reset-password", 0, 0),
    ("GET /revert-email", 0, 0),
    ("GET /restore-account", 0, 0),
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
    ("POST /email/change", 13, 13),
    ("POST /password/change", 14, 14),
    ("DELETE /sessions/{id}", 7, 8),
    ("POST /logout-all", 8, 8),
    ("POST /email/resend", 8, 8),
    ("DELETE /me", 15, 15),
    ("POST /password/forgot", 8, 8),
    ("POST /password/forgot, unknown address", 4, 4),
    ("/reset-password, with a link", 1, 1),
    ("POST /password/reset", 14, 14),
    ("/reset-password, with a dead link", 1, 1),
    ("POST /email/verify", 6, 6),
    ("/account", 3, 4),
    ("/account/profile", 1, 2),
    ("/account/sessions", 2, 3),
    ("/account/activity", 3, 4),
    ("/account/password", 1, 2),
    ("/account/email", 2, 3),
    ("/account/delete", 1, 2),
    // A form takes itself on and keeps its answer.
    ("/account/export", 14, 15),
    ("password_strength", 1, 2),
    ("set_language", 7, 8),
    ("update_profile", 9, 9),
    ("confirm_password", 6, 6),
    ("change_email", 16, 16),
    ("cancel_email_change", 8, 8),
    ("change_password", 17, 18),
    ("sign_out_others", 11, 11),
    ("forgot_password", 10, 10),
    ("signing out on the page", 10, 10),
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
    changing(&app, &mut counter).await;
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
    expect!(app.at(Method::GET, "/.well-known/change-password") => 302);
    counter.count("GET /.well-known/change-password");
    for (name, path) in [
        ("GET /.well-known/jwks.json", "/.well-known/jwks.json"),
        ("GET /password/policy", "/api/v1/auth/password/policy"),
        ("GET /health/live", "/health/live"),
        ("GET /health/ready", "/health/ready"),
        ("GET /login", "/login"),
        ("GET /register", "/register"),
        ("GET /forgot-password", "/forgot-password"),
        ("GET /verify-email", "/verify-email"),
        ("GET /reset-password", "/reset-password"),
        ("GET /revert-email", "/revert-email"),
        ("GET /restore-account", "/restore-account"),
    ] {
        app.at(Method::GET, path).await.expect(200);
        counter.count(name);
    }
    app.get("/me").await.expect(401);
    counter.count("GET /me, without a token");
    app.refresh("x").await.expect(401);
    counter.count("POST /refresh, with a token that is none");
}

async fn signing_in(app: &TestApp, counter: &mut Counter) {
    let login = async |email: &str, password: &str| app.login(email, password).await;
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
    expect!(app.patch("/me").bearer(access_token).json(&body) => 200);
    counter.count("PATCH /me");
    app.post("/logout").bearer(access_token).await.expect(204);
    counter.count("POST /logout");
    app.get("/me").bearer(access_token).await.expect(401);
    counter.count("GET /me, signed out");
}

/// What changes an account through the API, on one that is gone afterwards.
async fn changing(app: &TestApp, counter: &mut Counter) {
    app.user("mia@example.org").await;
    let mut mia = app.sign_in("mia@example.org").await;
    app.read_mails().await;
    counter.skip();
    let post = async |path: &str, token: &str, body: Value, status: u16| {
        expect!(app.post(path).bearer(token).json(&body) => status);
    };
    let body = json!({ "new_email": "mia@example.net", "password": PASSWORD });
    post("/email/change", &mia.access_token, body, 202).await;
    counter.count("POST /email/change");
    let body = json!({ "current_password": PASSWORD, "new_password": NEW_PASSWORD });
    post("/password/change", &mia.access_token, body, 204).await;
    counter.count("POST /password/change");
    let body = json!({ "email": "mia@example.org", "password": NEW_PASSWORD });
    let other = app.post("/login").json(&body).await.expect(200).json();
    let sessions = app.get("/sessions").bearer(&mia.access_token).await.json();
    let mut ids = sessions["sessions"].as_array().unwrap().iter();
    let of_other = ids.find(|session| session["current"] == false).unwrap();
    let path = format!("/sessions/{}", of_other["id"].as_str().unwrap());
    counter.skip();
    expect!(app.delete(&path).bearer(&mia.access_token) => 204);
    counter.count("DELETE /sessions/{id}");
    drop(other);
    post("/logout-all", &mia.access_token, json!({}), 204).await;
    counter.count("POST /logout-all");
    mia = SignedIn::from_body(&app.post("/login").json(&body).await.expect(200).json());
    app.read_mails().await;
    counter.skip();
    app.resend("mia@example.org").await.expect(200);
    counter.count("POST /email/resend");
    app.read_mails().await;
    counter.skip();
    let gone = app.delete_account_with(&mia, NEW_PASSWORD);
    gone.await.expect(202);
    counter.count("DELETE /me");
    app.read_mails().await;
    counter.skip();
}

async fn by_mail(app: &TestApp, counter: &mut Counter) {
    for (name, email) in [
        ("POST /password/forgot", "ann@example.org"),
        (
            "POST /password/forgot, unknown address",
            "nobody@example.org",
        ),
    ] {
        app.forgot(email).await.expect(200);
        counter.count(name);
    }
    let token = app.mail_to("ann@example.org").await.token.unwrap();
    let mut browser = Browser::new(app);
    browser
        .open(&format!("/reset-password?token={token}"))
        .await;
    counter.skip();
    browser.open("/reset-password").await.expect(200);
    counter.count("/reset-password, with a link");
    app.reset(&token, PASSWORD).await.expect(200);
    counter.count("POST /password/reset");
    browser.open("/reset-password").await.expect(200);
    counter.count("/reset-password, with a dead link");
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
        "/account/password",
        "/account/email",
        "/account/delete",
    ] {
        browser.open(path).await.expect(200);
        counter.count(path);
    }
    browser.download().await.expect(200);
    counter.count("/account/export");
    forms(&mut browser, counter).await;
    browser.submit("sign_out", &[]).await.expect(303);
    counter.count("signing out on the page");
    let fields = [("email", "ann@example.org"), ("password", PASSWORD)];
    gives!(browser.submits("sign_in", &fields) => "/account");
    counter.count("signing in on the page");
}

/// A form with its fields and the status of its answer.
type FormCase<'a> = (&'static str, &'a [(&'a str, &'a str)], u16);

async fn forms(browser: &mut Browser, counter: &mut Counter) {
    let password = [("current_password", PASSWORD)];
    let new_email = [("new_email", "ann@example.net"), password[0]];
    let forms: [FormCase; 9] = [
        ("password_strength", &[("password", "too few")], 302),
        ("set_language", &[("language", "de")], 303),
        ("update_profile", &[("first_name", "Anne")], 303),
        ("confirm_password", &password, 303),
        ("change_email", &new_email, 303),
        ("cancel_email_change", &[], 303),
        (
            "change_password",
            &[password[0], ("new_password", PASSWORD)],
            303,
        ),
        ("sign_out_others", &[], 303),
        ("forgot_password", &[("email", "ann@example.org")], 303),
    ];
    for (name, fields, status) in forms {
        browser.submit(name, fields).await.expect(status);
        counter.count(name);
    }
}
