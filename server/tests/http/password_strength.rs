//! The rating that a new password gets while it is typed: the rules of the form, for nobody but who
//! typed it, and never more of it than the machine can bear.

use http::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Browser, PASSWORD, PUBLIC_URL, TestApp, on_any_database};

on_any_database! {
    a_password_is_rated_by_the_rules_of_the_form,
    the_words_of_the_form_and_of_the_account_count,
    a_rating_is_neither_kept_nor_given_to_other_sites,
    junk_is_no_trouble,
}

const FUNCTION: &str = "/_fn/password_strength";

/// As the island asks.
async fn rate(app: &TestApp, fields: &[(&str, &str)]) -> Answer {
    app.at(Method::POST, FUNCTION)
        .form(fields)
        .header("accept", "*/*")
        .header("origin", PUBLIC_URL)
        .header("sec-fetch-site", "same-origin")
        .await
}

async fn code(app: &TestApp, fields: &[(&str, &str)]) -> String {
    rate(app, fields).await.expect(200).code()
}

async fn a_password_is_rated_by_the_rules_of_the_form(app: TestApp) {
    let cases = [
        (
            "r9$kQz!",
            json!({ "ok": false, "code": "too_short", "score": 0 }),
        ),
        (
            "PassWord1",
            json!({ "ok": false, "code": "too_common", "score": 0 }),
        ),
        (
            "============",
            json!({ "ok": false, "code": "too_weak", "score": 0 }),
        ),
        (PASSWORD, json!({ "ok": true, "code": "ok", "score": 4 })),
    ];
    for (number, (password, expected)) in cases.into_iter().enumerate() {
        let answer = rate(&app, &[("password", password)]).await.expect(200);
        assert_eq!(answer.json(), expected, "{password}");
        assert_eq!(answer.header("content-type"), "application/json");
        // What it says is what the form does.
        let email = format!("user-{number}@example.org");
        let registered = app.registration(&email, password).await;
        assert_eq!(
            registered.status == 201,
            expected["ok"] == Value::Bool(true),
            "{registered:?}"
        );
        if registered.status == 201 {
            app.mail_to(&email).await;
        }
    }
}

async fn the_words_of_the_form_and_of_the_account_count(app: TestApp) {
    let password = ("password", "Quorzimble-2026!");
    assert_eq!(code(&app, &[password]).await, "ok");
    for own in [
        ("email", "quorzimble@example.org"),
        ("first_name", "Quorzimble"),
        ("last_name", "Quorzimble"),
    ] {
        let fields = [password, own];
        assert_eq!(code(&app, &fields).await, "too_weak", "{own:?}");
    }
    // The user is known by the session; the form that changes a password asks for no name.
    let mut browser = Browser::new(&app);
    let fields = [
        ("email", "ann@example.org"),
        ("password", PASSWORD),
        ("first_name", "Quorzimble"),
    ];
    browser.submit("register", &fields).await.expect(303);
    app.mail_to("ann@example.org").await;
    let cookie = browser.cookie("__Host-sid").unwrap().to_owned();
    let call = app.at(Method::POST, FUNCTION).form(&[password]);
    let answer = call.cookies(&format!("__Host-sid={cookie}")).await;
    assert_eq!(answer.expect(200).code(), "too_weak");
}

async fn a_rating_is_neither_kept_nor_given_to_other_sites(app: TestApp) {
    let before = app.rows().await;
    let answer = rate(&app, &[("password", PASSWORD)]).await.expect(200);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("set-cookie"), "");
    assert!(!answer.text().contains(PASSWORD), "{answer:?}");
    for headers in [
        [
            ("sec-fetch-site", "cross-site"),
            ("origin", "https://evil.example"),
        ],
        [
            ("sec-fetch-site", "same-site"),
            ("origin", "https://evil.example.org"),
        ],
        [("x-nothing", ""), ("origin", "null")],
    ] {
        let mut call = app
            .at(Method::POST, FUNCTION)
            .form(&[("password", PASSWORD)]);
        for (name, value) in headers {
            call = call.header(name, value);
        }
        call.await.expect_problem(403, "forbidden");
    }
    let path = format!("{FUNCTION}?password=x");
    expect!(app.at(Method::GET, &path) => 405, "method_not_allowed");
    assert_eq!(app.rows().await, before, "nothing is written");
}

async fn junk_is_no_trouble(app: TestApp) {
    let long = "ü".repeat(5_000);
    for (fields, expected) in [
        (vec![], "required"),
        (vec![("password", "")], "required"),
        (vec![("password", long.as_str())], "too_long"),
        (vec![("password", PASSWORD), ("email", &long)], "ok"),
        (
            vec![
                ("password", PASSWORD),
                ("first_name", "\u{202e}'\"<b>\u{1f98a}"),
            ],
            "ok",
        ),
        (vec![("password", PASSWORD), ("unknown", "x")], "ok"),
        (
            vec![("password", PASSWORD), ("email", " "), ("last_name", "-")],
            "ok",
        ),
    ] {
        assert_eq!(code(&app, &fields).await, expected, "{fields:?}");
    }
    for (kind, body) in [
        ("application/x-www-form-urlencoded", "password=%00"),
        ("application/x-www-form-urlencoded", "password=%FF"),
        ("application/x-www-form-urlencoded", "password=a&password=b"),
        ("application/x-www-form-urlencoded", "password[]=a"),
    ] {
        let call = app.at(Method::POST, FUNCTION).body(kind, body);
        call.await.expect_problem(400, "malformed_body");
    }
    for kind in ["text/plain", "application/json"] {
        let call = app
            .at(Method::POST, FUNCTION)
            .body(kind, "{\"password\":\"x\"}");
        call.await.expect_problem(415, "unsupported_media_type");
    }
    let call = app.at(Method::POST, FUNCTION);
    let call = call.body(
        "application/x-www-form-urlencoded",
        format!("password={}", "a".repeat(70_000)),
    );
    call.await.expect_problem(413, "body_too_large");
}
