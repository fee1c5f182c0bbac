//! `POST /password/forgot`, `POST /password/reset`, `POST /password/change`, `GET /password/policy`

use std::time::Instant;

use serde_json::json;
use time::Duration;
use vestibule_core::mail::MailKind;

use crate::support::{NEW_PASSWORD, PASSWORD, SignedIn, TestApp, on_every_database};

on_every_database! {
    forgot_is_answered_alike_for_every_address,
    a_reset_sets_the_password_and_ends_every_session,
    a_reset_link_lives_for_an_hour,
    a_reset_makes_every_other_mailed_token_worthless,
    a_token_of_another_purpose_resets_nothing,
    a_password_that_breaks_a_rule_leaves_the_link_usable,
    a_change_ends_the_other_sessions,
    a_refresh_token_that_was_copied_before_a_change_is_dead,
    a_client_that_takes_new_tokens_goes_on_with_them_alone,
    a_change_needs_the_current_password,
    a_change_keeps_the_rules_for_passwords,
    nothing_is_done_with_a_new_password_before_the_current_one_was_right,
    the_policy_is_the_one_in_force,
}

async fn forgot_is_answered_alike_for_every_address(app: TestApp) {
    app.user("ann@example.org").await;
    app.closed_user("inactive@example.org").await;
    let mut bodies = Vec::new();
    for email in [
        "ann@example.org",
        "ANN@Example.org",
        "nobody@example.org",
        "inactive@example.org",
    ] {
        let asked = Instant::now();
        let answer = app.forgot(email).await.expect(200);
        // As long as the longest of these takes.
        assert!(asked.elapsed().as_millis() >= 100, "{email}");
        let names: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
        bodies.push((answer.text(), names));
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "{bodies:#?}");
    assert_eq!(
        bodies[0].0,
        r#"{"message":"If the address has an account, a mail is on its way."}"#
    );
    assert_eq!(
        app.read_mails().await,
        [
            "reset_password to ann@example.org",
            "reset_password to ann@example.org"
        ]
    );
    invalid!(app.forgot("  ") => ["email: required"]);
}

async fn a_reset_sets_the_password_and_ends_every_session(app: TestApp) {
    let (ann, other) = app.two_sessions("ann@example.org").await;
    assert!(app.accepts(&ann.access_token).await && app.accepts(&other.access_token).await);
    app.forgot("ann@example.org").await.expect(200);
    let mail = app.mail_to("ann@example.org").await;
    assert_eq!(mail.kind, MailKind::ResetPassword);
    assert_eq!(mail.page(), "/reset-password");
    assert!(
        app.accepts(&ann.access_token).await,
        "asking changes nothing"
    );

    let answer = expect!(app.reset(&mail.token.unwrap(), NEW_PASSWORD) => 200);
    assert_eq!(
        answer.json(),
        json!({
          "message": "The password is set. Sign in with it."
        })
    );
    for session in [&ann, &other] {
        assert!(!app.accepts(&session.access_token).await);
        expect!(app.refresh(&session.refresh_token) => 401, "invalid_refresh_token");
    }
    assert_eq!(app.try_sign_in("ann@example.org", PASSWORD).await, 401);
    assert_eq!(app.try_sign_in("ann@example.org", NEW_PASSWORD).await, 200);
    app.mail_about(MailKind::PasswordChanged, "ann@example.org")
        .await;
}

async fn a_reset_link_lives_for_an_hour(app: TestApp) {
    for (email, wait, status) in [
        ("ann@example.org", Duration::seconds(3599), 200),
        ("bob@example.org", Duration::seconds(3600), 400),
    ] {
        app.user(email).await;
        let token = app.reset_token(email).await;
        app.advance(wait);
        app.reset(&token, NEW_PASSWORD).await.expect(status);
    }
    assert_eq!(app.try_sign_in("bob@example.org", PASSWORD).await, 200);
    gives!(app.read_mails() => ["password_changed to ann@example.org"]);
}

async fn a_reset_makes_every_other_mailed_token_worthless(app: TestApp) {
    let (_, welcome) = app.register("ann@example.org").await;
    let token = app.reset_token("ann@example.org").await;
    app.reset(&token, NEW_PASSWORD).await.expect(200);
    expect!(app.verify(welcome.token.as_deref().unwrap()) => 400, "invalid_token");
    let ann = app.login("ann@example.org", NEW_PASSWORD).await.json();
    assert_eq!(
        ann["user"]["is_email_verified"], true,
        "the link has proved the mailbox"
    );
    gives!(app.read_mails() => ["password_changed to ann@example.org"]);
}

async fn a_token_of_another_purpose_resets_nothing(app: TestApp) {
    let (ann, welcome) = app.register("ann@example.org").await;
    let (token, code) = (welcome.token.unwrap(), welcome.code.unwrap());
    for token in [
        token.as_str(),
        &code,
        &ann.access_token,
        &ann.refresh_token,
        "",
        "x",
        &"x".repeat(50_000),
    ] {
        expect!(app.reset(token, NEW_PASSWORD) => 400, "invalid_token");
    }
    // A token that is none is reported before a password that breaks a rule.
    expect!(app.reset(&token, "short") => 400, "invalid_token");
    assert!(app.accepts(&ann.access_token).await);
    expect!(app.verify(&token) => 200);
}

/// Passwords that break a rule, and which; for `ann.tester`.
const NONE_FOR_ANN_TESTER: [(&str, &str); 4] = [
    ("", "required"),
    ("short", "too_short"),
    ("password1", "too_common"),
    ("ann.tester2026", "too_weak"),
];

async fn a_password_that_breaks_a_rule_leaves_the_link_usable(app: TestApp) {
    app.user("ann.tester@example.org").await;
    let token = app.reset_token("ann.tester@example.org").await;
    for (password, code) in NONE_FOR_ANN_TESTER {
        invalid!(app.reset(&token, password) => [format!("new_password: {code}")]);
    }
    app.reset(&token, NEW_PASSWORD).await.expect(200);
    gives!(app.read_mails() => ["password_changed to ann.tester@example.org"]);
}

async fn a_change_ends_the_other_sessions(app: TestApp) {
    let (ann, other) = app.two_sessions("ann@example.org").await;
    let reset_token = app.reset_token("ann@example.org").await;
    assert!(app.accepts(&other.access_token).await);
    let answer = expect!(app.change_password(&ann, PASSWORD, NEW_PASSWORD) => 204);
    assert!(answer.body.is_empty());
    assert!(
        app.accepts(&ann.access_token).await,
        "the calling session goes on"
    );
    assert!(!app.accepts(&other.access_token).await);
    expect!(app.refresh(&other.refresh_token) => 401, "invalid_refresh_token");
    expect!(app.reset(&reset_token, "yet another good phrase") => 400, "invalid_token");
    assert_eq!(app.try_sign_in("ann@example.org", PASSWORD).await, 401);
    assert_eq!(app.try_sign_in("ann@example.org", NEW_PASSWORD).await, 200);
    app.mail_about(MailKind::PasswordChanged, "ann@example.org")
        .await;
}

/// It may have been copied before: what was good under the old password is not good for weeks.
async fn a_refresh_token_that_was_copied_before_a_change_is_dead(app: TestApp) {
    let first = app.user("ann@example.org").await;
    let ann = app.refreshed(&first.refresh_token).await;
    expect!(app.change_password(&ann, PASSWORD, NEW_PASSWORD) => 204);
    for copied in [&first, &ann] {
        expect!(app.refresh(&copied.refresh_token) => 401, "invalid_refresh_token");
    }
    assert!(app.accepts(&ann.access_token).await, "until it has expired");
    app.read_mails().await;
}

async fn a_client_that_takes_new_tokens_goes_on_with_them_alone(app: TestApp) {
    let ann = app.user("ann@example.org").await;
    let body =
        json!({ "current_password": PASSWORD, "new_password": NEW_PASSWORD, "new_tokens": true });
    let call = app.post("/password/change").bearer(&ann.access_token);
    let answer = call.json(&body).await.expect(200);
    assert_eq!(answer.header("cache-control"), "no-store");
    let new = SignedIn::from_body(&answer.json());
    assert!(app.accepts(&new.access_token).await && !app.accepts(&ann.access_token).await);
    expect!(app.refresh(&ann.refresh_token) => 401, "invalid_refresh_token");
    app.refresh(&new.refresh_token).await.expect(200);
    assert_eq!(app.sessions(&new).await.len(), 1);
    gives!(app.read_mails() => ["password_changed to ann@example.org"]);
}

async fn a_change_needs_the_current_password(app: TestApp) {
    let (ann, other) = app.two_sessions("ann@example.org").await;
    for current in [
        "",
        "correct horse batterz",
        "Correct horse battery",
        "correct horse battery ",
    ] {
        expect!(app.change_password(&ann, current, NEW_PASSWORD) => 401, "invalid_credentials");
    }
    let body = json!({ "current_password": PASSWORD, "new_password": NEW_PASSWORD });
    expect!(app.post("/password/change").json(&body) => 401, "unauthenticated");
    app.post("/password/change")
        .bearer(&ann.access_token)
        .json(&json!({ "new_password": NEW_PASSWORD }))
        .await
        .expect(400);
    assert!(app.accepts(&other.access_token).await);
    assert_eq!(app.try_sign_in("ann@example.org", PASSWORD).await, 200);
}

async fn a_change_keeps_the_rules_for_passwords(app: TestApp) {
    let ann = app.user("ann.tester@example.org").await;
    for (password, code) in NONE_FOR_ANN_TESTER {
        invalid!(app.change_password(&ann, PASSWORD, password) => [format!("new_password: {code}")]);
    }
    gives!(app.try_sign_in("ann.tester@example.org", PASSWORD) => 200);
}

/// Rating and hashing it costs more than anything else that a request can ask for.
async fn nothing_is_done_with_a_new_password_before_the_current_one_was_right(app: TestApp) {
    let ann = app.user("ann@example.org").await;
    for _ in 0..10 {
        // It would be refused as too weak.
        expect!(app.change_password(&ann, "wrong", "password") => 401, "invalid_credentials");
    }
    expect!(app.change_password(&ann, "wrong", "password") => 429, "rate_limited");
    expect!(app.change_password(&ann, PASSWORD, "password") => 429, "rate_limited");
}

async fn the_policy_is_the_one_in_force(app: TestApp) {
    let answer = app.get("/password/policy").await.expect(200);
    assert_eq!(
        answer.json(),
        json!({
          "max_bytes": 1024,
          "min_length": 8,
          "min_score": 3,
          "refuses_common": true
        })
    );
}
