//! `POST /email/verify`, `POST /email/resend`

mod codes;

use serde_json::json;
use time::Duration;
use vestibule_core::mail::MailKind;

use crate::support::{TestApp, ann_but, on_every_database};

on_every_database! {
    the_mailed_token_verifies_the_address_once,
    a_link_lives_for_a_day,
    only_the_newest_mail_counts,
    resend_is_answered_alike_for_every_address,
}

async fn the_mailed_token_verifies_the_address_once(app: TestApp) {
    let (ann, mail) = app.register("ann@example.org").await;
    app.advance(Duration::minutes(1));
    let token = mail.token.unwrap();
    let answer = app.verify(&token).await.expect(200);
    assert_eq!(answer.header("cache-control"), "no-store");
    let expected =
        ann_but(&json!({ "is_email_verified": true, "updated_at": "2026-11-24T08:31:00.123456Z" }));
    assert_eq!(answer.redacted(), expected);
    expect!(app.verify(&token) => 400, "invalid_token");
    expect!(app.verify_code("ann@example.org", &mail.code.unwrap()) => 400, "invalid_token");
    let me = app.me(&ann).await.json();
    assert_eq!(me["is_email_verified"], true);
}

async fn a_link_lives_for_a_day(app: TestApp) {
    let (_, ann) = app.register("ann@example.org").await;
    let (_, bob) = app.register("bob@example.org").await;
    app.advance(Duration::hours(24) - Duration::seconds(1));
    app.verify(&ann.token.unwrap()).await.expect(200);
    app.advance(Duration::seconds(1));
    expect!(app.verify(&bob.token.unwrap()) => 400, "invalid_token");
}

async fn only_the_newest_mail_counts(app: TestApp) {
    let (_, first) = app.register("ann@example.org").await;
    app.resend("ann@example.org").await.expect(200);
    let second = app.mail_to("ann@example.org").await;
    assert_eq!(second.kind, MailKind::VerifyEmail);
    assert_ne!(second.token, first.token);
    expect!(app.verify(&first.token.unwrap()) => 400, "invalid_token");
    if first.code != second.code {
        expect!(app.verify_code("ann@example.org", &first.code.unwrap()) => 400, "invalid_token");
    }
    app.verify(&second.token.unwrap()).await.expect(200);
}

async fn resend_is_answered_alike_for_every_address(app: TestApp) {
    app.user("ann@example.org").await;
    let (_, bob) = app.register("bob@example.org").await;
    app.verify(&bob.token.unwrap()).await.expect(200);
    app.closed_user("inactive@example.org").await;
    let mut bodies = Vec::new();
    for email in [
        "ann@example.org",
        "bob@example.org",
        "nobody@example.org",
        "inactive@example.org",
    ] {
        let answer = app.resend(email).await.expect(200);
        let names: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
        bodies.push((answer.text(), names));
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "{bodies:#?}");
    assert_eq!(
        bodies[0].0,
        r#"{"message":"If the address has to be verified, a mail is on its way."}"#
    );
    assert_eq!(app.read_mails().await, ["verify_email to ann@example.org"]);
    invalid!(app.resend("") => ["email: required"]);
}
