//! `POST /login`

use serde_json::json;
use time::Duration;
use vestibule_core::mail::MailKind;
use vestibule_core::model::NewUser;
use vestibule_core::ports::{Clock as _, Random as _};
use vestibule_testkit::{SeededRandom, builders};

use crate::support::{PASSWORD, SignedIn, TestApp, on_every_database, tokens_of_ann_but};

on_every_database! {
    the_right_password_begins_a_session,
    unknown_wrong_empty_and_inactive_are_answered_alike,
    an_address_is_found_in_every_spelling,
    a_composed_and_a_decomposed_password_are_one,
    a_session_that_is_not_remembered_ends_after_a_day,
    a_device_is_named_by_the_client_or_by_its_user_agent,
    an_imported_bcrypt_hash_is_replaced_at_the_first_sign_in,
}

/// "correct horse battery" at cost 4.
const BCRYPT: &str = "$2b$04$abcdefghijklmnopqrstuuqREtd3VJD2QVZbuFskFSLk6eRIrQoOS";

async fn the_right_password_begins_a_session(app: TestApp) {
    let ann = app.user("ann@example.org").await;
    app.advance(Duration::minutes(5));
    let answer = app.login("ann@example.org", PASSWORD).await.expect(200);
    assert_eq!(answer.header("cache-control"), "no-store");
    let expected = tokens_of_ann_but(&json!({ "last_login_at": "2026-11-24T08:35:00.123456Z" }));
    assert_eq!(answer.redacted(), expected);
    let body = answer.json();
    assert_eq!(body["user"]["id"], ann.id.to_string());
    assert_ne!(body["access_token"], ann.access_token);
    assert_ne!(body["refresh_token"], ann.refresh_token);
}

async fn unknown_wrong_empty_and_inactive_are_answered_alike(app: TestApp) {
    app.user("ann@example.org").await;
    app.closed_user("inactive@example.org").await;
    let before = app.rows().await;
    let mut bodies = Vec::new();
    for (email, password) in [
        ("ann@example.org", "correct horse batterz"),
        ("ann@example.org", ""),
        ("ann@example.org", &"x".repeat(2000)),
        ("nobody@example.org", PASSWORD),
        ("no address at all", PASSWORD),
        ("ann@example.org\r\nBcc: eve@example.org", PASSWORD),
        ("", ""),
        ("inactive@example.org", PASSWORD),
        ("inactive@example.org", "wrong"),
    ] {
        let call = app.login(email, password);
        let answer = expect!(call.header("x-request-id", "same") => 401, "invalid_credentials");
        let names: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
        bodies.push((answer.text(), names));
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "{bodies:#?}");
    assert_eq!(
        bodies[0].0,
        r#"{"code":"invalid_credentials","detail":"Email or password is incorrect.","request_id":"same","status":401,"title":"Unauthorized","type":"about:blank"}"#
    );
    assert_eq!(app.rows().await, before);
}

async fn an_address_is_found_in_every_spelling(app: TestApp) {
    app.user("ann@bücher.example").await;
    for email in [
        "ANN@Bücher.Example",
        " ann@xn--bcher-kva.example\t",
        "ａｎｎ@bu\u{308}cher．example",
    ] {
        assert_eq!(app.try_sign_in(email, PASSWORD).await, 200, "{email}");
    }
}

async fn a_composed_and_a_decomposed_password_are_one(app: TestApp) {
    let body = json!({ "email": "ann@example.org", "password": "caf\u{e9} noir sans sucre" });
    app.post("/register").json(&body).await.expect(201);
    app.mail_to("ann@example.org").await;
    gives!(app.try_sign_in("ann@example.org", "cafe\u{301} noir sans sucre") => 200);
    gives!(app.try_sign_in("ann@example.org", "Caf\u{e9} noir sans sucre") => 401);
}

async fn a_session_that_is_not_remembered_ends_after_a_day(app: TestApp) {
    app.user("ann@example.org").await;
    for (remember_me, days) in [(json!(false), 1), (json!(true), 30), (json!(null), 30)] {
        let body =
            json!({ "email": "ann@example.org", "password": PASSWORD, "remember_me": remember_me });
        let session = SignedIn::from_body(&expect!(app.post("/login").json(&body) => 200).json());
        let sessions = app.sessions(&session).await;
        let current = sessions.iter().find(|it| it["current"] == true).unwrap();
        let expires_at = app.clock.now() + Duration::days(days);
        let format = &time::format_description::well_known::Rfc3339;
        assert_eq!(
            current["expires_at"],
            expires_at.format(format).unwrap(),
            "{remember_me}"
        );
    }
}

async fn a_device_is_named_by_the_client_or_by_its_user_agent(app: TestApp) {
    app.user("ann@example.org").await;
    let named = json!({ "email": "ann@example.org", "password": PASSWORD, "device_name": "  Ann's phone " });
    app.post("/login").json(&named).await.expect(200);
    let call = app.login("ann@example.org", PASSWORD);
    let last = expect!(call.header("user-agent", builders::USER_AGENT) => 200).json();
    let sessions = app.sessions(&SignedIn::from_body(&last)).await;
    let mut devices: Vec<&str> = sessions
        .iter()
        .map(|session| session["device"].as_str().unwrap())
        .collect();
    devices.sort_unstable();
    assert_eq!(devices, ["Ann's phone", builders::DEVICE, "Unknown device"]);
    let notified = "new_device to ann@example.org";
    assert_eq!(app.read_mails().await, [notified, notified]);

    for (name, code) in [
        ("x".repeat(101), "too_long"),
        ("a\u{202e}b".to_owned(), "invalid_characters"),
    ] {
        let body = json!({ "email": "ann@example.org", "password": PASSWORD, "device_name": name });
        invalid!(app.post("/login").json(&body) => [format!("device_name: {code}")]);
    }
}

async fn an_imported_bcrypt_hash_is_replaced_at_the_first_sign_in(app: TestApp) {
    let (random, now) = (SeededRandom::new(7), app.clock.now());
    let imported = NewUser {
        password_hash: BCRYPT.to_owned(),
        ..builders::new_user(random.id(now), "ann@example.org", now)
    };
    let mut tx = app.store.begin().await.unwrap();
    let user = tx.insert_user(&imported).await.unwrap();
    tx.enqueue_mail(&builders::mail(
        random.id(now),
        MailKind::PasswordChanged,
        &user,
        now,
    ))
    .await
    .unwrap();
    tx.commit().await.unwrap();
    app.mail_to("ann@example.org").await;

    gives!(app.try_sign_in("ann@example.org", "correct horse batterz") => 401);
    gives!(stored_hash(&app) => BCRYPT, "a wrong password changes nothing");
    assert_eq!(app.try_sign_in("ann@example.org", PASSWORD).await, 200);
    let replaced = stored_hash(&app).await;
    assert!(replaced.starts_with("$argon2id$v=19$"), "{replaced}");
    assert_eq!(app.try_sign_in("ann@example.org", PASSWORD).await, 200);
    assert_eq!(stored_hash(&app).await, replaced, "replaced once");
    gives!(app.try_sign_in("ann@example.org", "correct horse batterz") => 401);
}

async fn stored_hash(app: &TestApp) -> String {
    let mut store = app.store.reader().await.unwrap();
    store
        .account_by_email("ann@example.org")
        .await
        .unwrap()
        .unwrap()
        .password_hash
}
