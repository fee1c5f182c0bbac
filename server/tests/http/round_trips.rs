//! How often each request asks the database and waits: one more is a decision, not an accident.
//!
//! Counted are statements, and the beginning and the end of transactions. Each counts as much as a
//! way to the database and back, which is why there are few;
//! SQLite is inside the process, where more do no harm.

use http::Method;
use serde_json::json;
use vestibule::config::Config;

use crate::oauth::{App, browser_of, parameter};
use crate::support::{
    Browser, DOCUMENT, NEW_PASSWORD, PASSWORD, SignedIn, TestApp, on_every_database,
    signed_in_browser,
};

on_every_database! {
    no_request_asks_more_often_than_it_has_to with without_redis,
}

/// An endpoint without a row here could ask as often as it likes.
#[test]
fn every_endpoint_is_counted() {
    for (path, methods) in DOCUMENT["paths"].as_object().unwrap() {
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
    ("POST /logout", 7, 7),
    ("GET /me, signed out", 1, 1),
    ("POST /email/change", 13, 13),
    ("POST /password/change", 15, 15),
    ("DELETE /sessions/{id}", 8, 9),
    ("POST /logout-all", 9, 9),
    ("POST /email/resend", 8, 8),
    ("DELETE /me", 16, 16),
    ("POST /password/forgot", 8, 8),
    ("POST /password/forgot, unknown address", 4, 4),
    ("/reset-password, with a link", 1, 1),
    ("POST /password/reset", 15, 15),
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
    ("/account/export", 16, 17),
    ("password_strength", 1, 2),
    ("set_language", 7, 8),
    ("update_profile", 9, 9),
    ("confirm_password", 6, 6),
    ("change_email", 16, 16),
    ("cancel_email_change", 8, 8),
    ("change_password", 18, 19),
    ("sign_out_others", 12, 12),
    ("forgot_password", 10, 10),
    ("signing out on the page", 11, 11),
    ("signing in on the page", 8, 4),
    ("GET /.well-known/openid-configuration", 0, 0),
    ("GET /.well-known/oauth-authorization-server", 0, 0),
    ("GET /oauth2/jwks.json", 0, 0),
    // The client and its secrets, which are believed for five seconds then.
    ("/oauth2/authorize, signed out", 2, 2),
    ("/oauth2/authorize", 1, 2),
    ("POST /oauth2/token", 7, 1),
    ("POST /oauth2/token, refresh", 2, 1),
    ("GET /oauth2/userinfo", 1, 1),
    ("POST /oauth2/userinfo", 1, 1),
    ("POST /oauth2/token, wrong secret", 0, 0),
];

struct Counter {
    app: TestApp,
    counted: Vec<(&'static str, u64)>,
}

impl Counter {
    /// What the request asks. What is asked in between is not looked at.
    async fn count<T>(&mut self, request: &'static str, asked: impl IntoFuture<Output = T>) -> T {
        let before = self.app.store.round_trips();
        let answer = asked.await;
        let count = self.app.store.round_trips() - before;
        self.counted.push((request, count));
        answer
    }
}

async fn no_request_asks_more_often_than_it_has_to(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    let mut counter = Counter {
        app: app.clone(),
        counted: Vec::new(),
    };
    without_an_account(&app, &mut counter).await;
    signing_in(&app, &mut counter).await;
    signed_in(&app, &mut counter, &ann).await;
    changing(&app, &mut counter).await;
    by_mail(&app, &mut counter).await;
    pages(&app, &mut counter).await;
    apps(&app, &mut counter).await;
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

/// Sends a call that is counted under this name.
macro_rules! counted {
    ($counter:ident, $name:expr, $call:expr => $status:expr) => {
        $counter.count($name, $call).await.expect($status)
    };
}

async fn without_an_account(app: &TestApp, counter: &mut Counter) {
    let page = app.at(Method::GET, "/.well-known/change-password");
    counted!(counter, "GET /.well-known/change-password", page => 302);
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
        counted!(counter, name, app.at(Method::GET, path) => 200);
    }
    counted!(counter, "GET /me, without a token", app.get("/me") => 401);
    let none = app.refresh("x");
    counted!(counter, "POST /refresh, with a token that is none", none => 401);
}

async fn signing_in(app: &TestApp, counter: &mut Counter) {
    const ANN: &str = "ann@example.org";
    let answer = counted!(counter, "POST /login", app.login(ANN, PASSWORD) => 200);
    counted!(counter, "POST /login, wrong password", app.login(ANN, "wrong") => 401);
    let unknown = app.login("nobody@example.org", PASSWORD);
    counted!(counter, "POST /login, unknown address", unknown => 401);
    let token = SignedIn::from_body(&answer.json()).refresh_token;
    counted!(counter, "POST /refresh", app.refresh(&token) => 200);
    counted!(counter, "POST /refresh, again", app.refresh(&token) => 200);
    let body = json!({ "email": "bob@example.org", "password": PASSWORD, "device_name": "phone" });
    app.account("bob@example.org").await;
    counted!(counter, "POST /login, new device", app.post("/login").json(&body) => 200);
    app.read_mails().await;
    let new = || app.registration("eve@example.org", PASSWORD);
    counted!(counter, "POST /register", new() => 201);
    counted!(counter, "POST /register, taken address", new() => 409);
    // What waits is written with a statement for all events and one for all sessions.
    let name = "audit events and last seen, of all these";
    counter.count(name, app.write_deferred()).await;
    app.read_mails().await;
}

async fn signed_in(app: &TestApp, counter: &mut Counter, ann: &SignedIn) {
    let get = |path: &str| app.get(path).bearer(&ann.access_token);
    counted!(counter, "GET /me, first", get("/me") => 200);
    counted!(counter, "GET /me", get("/me") => 200);
    counted!(counter, "GET /sessions", get("/sessions") => 200);
    counted!(counter, "GET /events", get("/events") => 200);
    let rename = app.rename(ann, &json!({ "first_name": "Anna" }));
    counted!(counter, "PATCH /me", rename => 200);
    let sign_out = app.post("/logout").bearer(&ann.access_token);
    counted!(counter, "POST /logout", sign_out => 204);
    counted!(counter, "GET /me, signed out", get("/me") => 401);
}

/// What changes an account through the API, on one that is gone afterwards.
async fn changing(app: &TestApp, counter: &mut Counter) {
    const MIA: &str = "mia@example.org";
    app.user(MIA).await;
    let mia = app.sign_in(MIA).await;
    app.read_mails().await;
    let change = app.change_email(&mia, "mia@example.net");
    counted!(counter, "POST /email/change", change => 202);
    let change = app.change_password(&mia, PASSWORD, NEW_PASSWORD);
    counted!(counter, "POST /password/change", change => 204);
    app.sign_in_with(MIA, NEW_PASSWORD).await;
    let sessions = app.sessions(&mia).await;
    let of_other = sessions.iter().find(|it| it["current"] == false).unwrap();
    let path = format!("/sessions/{}", of_other["id"].as_str().unwrap());
    let end = app.delete(&path).bearer(&mia.access_token);
    counted!(counter, "DELETE /sessions/{id}", end => 204);
    let end = app.post("/logout-all").bearer(&mia.access_token);
    counted!(counter, "POST /logout-all", end.json(&json!({})) => 204);
    let mia = app.sign_in_with(MIA, NEW_PASSWORD).await;
    app.read_mails().await;
    counted!(counter, "POST /email/resend", app.resend(MIA) => 200);
    app.read_mails().await;
    let gone = app.delete_account_with(&mia, NEW_PASSWORD);
    counted!(counter, "DELETE /me", gone => 202);
    app.read_mails().await;
}

async fn by_mail(app: &TestApp, counter: &mut Counter) {
    counted!(counter, "POST /password/forgot", app.forgot("ann@example.org") => 200);
    let unknown = app.forgot("nobody@example.org");
    counted!(counter, "POST /password/forgot, unknown address", unknown => 200);
    let token = app.mail_to("ann@example.org").await.token.unwrap();
    let mut browser = Browser::new(app);
    let link = format!("/reset-password?token={token}");
    browser.open(&link).await;
    let page = browser.open("/reset-password");
    counted!(counter, "/reset-password, with a link", page => 200);
    counted!(counter, "POST /password/reset", app.reset(&token, PASSWORD) => 200);
    let page = browser.open("/reset-password");
    counted!(counter, "/reset-password, with a dead link", page => 200);
    app.read_mails().await;
    let (_, mail) = app.account("zoe@example.org").await;
    counted!(counter, "POST /email/verify", app.verify(&mail.token.unwrap()) => 200);
}

async fn pages(app: &TestApp, counter: &mut Counter) {
    let mut browser = signed_in_browser(app, "ann@example.org").await;
    browser.open("/account").await.expect(200);
    for path in [
        "/account",
        "/account/profile",
        "/account/sessions",
        "/account/activity",
        "/account/password",
        "/account/email",
        "/account/delete",
    ] {
        counted!(counter, path, browser.open(path) => 200);
    }
    counted!(counter, "/account/export", browser.download() => 200);
    forms(&mut browser, counter).await;
    let sign_out = browser.submit("sign_out", &[]);
    counted!(counter, "signing out on the page", sign_out => 303);
    let fields = [("email", "ann@example.org"), ("password", PASSWORD)];
    let sign_in = browser.submits("sign_in", &fields);
    let next = counter.count("signing in on the page", sign_in).await;
    assert_eq!(next, "/account");
}

async fn apps(app: &TestApp, counter: &mut Counter) {
    for (name, path) in [
        (
            "GET /.well-known/openid-configuration",
            "/.well-known/openid-configuration",
        ),
        (
            "GET /.well-known/oauth-authorization-server",
            "/.well-known/oauth-authorization-server",
        ),
        ("GET /oauth2/jwks.json", "/oauth2/jwks.json"),
    ] {
        counted!(counter, name, app.at(Method::GET, path) => 200);
    }
    let client = App::of(app).await;
    let mut browser = browser_of(app, "app@example.org").await;
    let url = client.authorize_url(&[]);
    app.reload_signing_keys().await;
    let mut stranger = Browser::new(app);
    counted!(counter, "/oauth2/authorize, signed out", stranger.open(&url) => 303);
    client.tokens(&mut browser).await;
    let leave = counted!(counter, "/oauth2/authorize", browser.open(&url) => 303);
    let code = parameter(leave.header("location"), "code").unwrap();
    let tokens = counted!(counter, "POST /oauth2/token", client.redeem(&code) => 200).json();
    let refresh = client.refresh(tokens["refresh_token"].as_str().unwrap());
    counted!(counter, "POST /oauth2/token, refresh", refresh => 200);
    let token = tokens["access_token"].as_str().unwrap();
    for (name, method) in [
        ("GET /oauth2/userinfo", Method::GET),
        ("POST /oauth2/userinfo", Method::POST),
    ] {
        let info = app.at(method, "/oauth2/userinfo").bearer(token);
        counted!(counter, name, info => 200);
    }
    let wrong = app
        .at(Method::POST, "/oauth2/token")
        .form(&[("client_id", &client.client_id), ("client_secret", "wrong")]);
    counted!(counter, "POST /oauth2/token, wrong secret", wrong => 400);
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
        counted!(counter, name, browser.submit(name, fields) => status);
    }
}
