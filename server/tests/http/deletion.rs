//! `DELETE /me`, and what is left after it

mod restore;

use serde_json::{Value, json};
use time::Duration;
use vestibule_core::mail::MailKind;

use crate::support::{Answer, PASSWORD, SignedIn, TestApp, on_every_database};

on_every_database! {
    deleting_signs_out_everywhere_and_says_until_when,
    deleting_needs_the_password_each_time,
    a_scheduled_account_is_like_none,
    its_address_stays_taken_until_it_is_gone,
    every_mailed_token_dies_with_it,
    nothing_is_left_when_the_time_is_over,
}

async fn delete_with(app: &TestApp, who: &SignedIn, body: &Value) -> Answer {
    app.delete("/me").bearer(&who.access_token).json(body).await
}

async fn deleting_signs_out_everywhere_and_says_until_when(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    let other = app.sign_in("ann@example.org").await;
    let bob = app.verified_user("bob@example.org").await;
    assert!(app.accepts(&other.access_token).await);
    let answer = app.delete_account(&ann).await.expect(202);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(
        answer.json(),
        json!({
          "delete_at": "2026-12-08T08:30:00.123456Z",
          "message": "The account will be deleted; a link that undoes this is on its way."
        })
    );
    for session in [&ann, &other] {
        expect!(app.me(session) => 401, "unauthenticated");
        expect!(app.refresh(&session.refresh_token) => 401, "invalid_refresh_token");
        expect!(app.delete_account(session) => 401, "unauthenticated");
    }
    let mail = app.mail_to("ann@example.org").await;
    assert_eq!(mail.kind, MailKind::DeletionScheduled);
    assert_eq!(mail.page(), "/restore-account");
    assert!(app.accepts(&bob.access_token).await, "others go on");
}

async fn deleting_needs_the_password_each_time(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    let rows = app.rows().await;
    for body in [json!({}), json!({ "password": null })] {
        invalid!(delete_with(&app, &ann, &body) => ["password: required"]);
    }
    // Many clients send a DELETE without a body.
    invalid!(app.delete("/me").bearer(&ann.access_token) => ["password: required"]);
    for password in ["", "wrong", "correct horse battery "] {
        delete_with(&app, &ann, &json!({ "password": password }))
            .await
            .expect_problem(401, "invalid_credentials");
    }
    expect!(app.delete("/me").json(&json!({ "password": PASSWORD })) => 401, "unauthenticated");
    app.delete("/me")
        .bearer(&ann.refresh_token)
        .json(&json!({ "password": PASSWORD }))
        .await
        .expect_problem(401, "unauthenticated");
    assert_eq!(app.rows().await, rows);
    assert!(app.accepts(&ann.access_token).await);
}

async fn a_scheduled_account_is_like_none(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    app.undo_token(&ann).await;
    let rows = app.rows().await;
    let mut answers = Vec::new();
    for email in ["ann@example.org", "nobody@example.org"] {
        let resend = app.resend(email).await.expect(200);
        let login = app.login(email, PASSWORD).header("x-request-id", "same");
        let login = expect!(login => 401, "invalid_credentials");
        answers.push([resend.text(), login.text()]);
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(app.rows().await, rows);
    assert!(app.read_mails().await.is_empty());
}

async fn its_address_stays_taken_until_it_is_gone(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    let bob = app.verified_user("bob@example.org").await;
    app.undo_token(&ann).await;
    expect!(app.registration("ann@example.org", PASSWORD) => 409, "email_taken");
    expect!(app.change_email(&bob, "ann@example.org") => 202);
    let mails = app.read_mails().await;
    assert!(
        !mails
            .iter()
            .any(|mail| mail.starts_with("confirm_new_email")),
        "{mails:?}"
    );
}

async fn every_mailed_token_dies_with_it(app: TestApp) {
    let (ann, welcome) = app.register("ann@example.org").await;
    let reset = app.reset_token("ann@example.org").await;
    expect!(app.change_email(&ann, "new@example.org") => 202);
    let change = app.mail_to("new@example.org").await.token.unwrap();
    app.read_mails().await;
    let undo_token = app.undo_token(&ann).await;
    for during in [true, false] {
        for token in [&welcome.token.clone().unwrap(), &change] {
            app.verify(token).await.expect_problem(400, "invalid_token");
        }
        let code = welcome.code.as_deref().unwrap();
        expect!(app.verify_code("ann@example.org", code) => 400, "invalid_token");
        expect!(app.reset(&reset, "a quite different phrase") => 400, "invalid_token");
        if during {
            app.undo(&undo_token).await.unwrap();
        }
    }
    gives!(app.read_mails() => ["deletion_cancelled to ann@example.org"]);
}

async fn nothing_is_left_when_the_time_is_over(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    app.sign_in("ann@example.org").await;
    app.reset_token("ann@example.org").await;
    app.try_sign_in("ann@example.org", "wrong").await;
    app.verified_user("bob@example.org").await;
    app.undo_token(&ann).await;
    app.advance(Duration::days(14));
    assert_eq!(app.purge().await, 1);
    assert_eq!(app.purge().await, 0);
    for table in [
        "sessions",
        "refresh_tokens",
        "mailed_links",
        "password_reset_tokens",
        "mail_outbox",
        "audit_logs",
    ] {
        let of_ann = format!("{table} where user_id = {}", app.id_in_sql(ann.id));
        assert_eq!(app.count(&of_ann).await, "0", "{table}");
    }
    assert_eq!(app.count("users").await, "1");
    gives!(app.count("users where email = 'bob@example.org'") => "1");
    // One row remains, which says when and nothing of whom.
    assert_eq!(
        app.text(
            "select cast(count(*) as text) || ' ' || coalesce(max(cast(user_id as text)), '-')
                || ' ' || coalesce(max(user_agent), '-') || ' [' || max(ip_address) || '] ' || max(details)
             from audit_logs where event_type = 'account_deleted'"
        )
        .await,
        "1 - - [] {}"
    );
    for trace in ["ann@example.org", &ann.id.to_string()] {
        let logs = format!("audit_logs where details like '%{trace}%'");
        assert_eq!(app.count(&logs).await, "0", "{trace}");
    }
    assert!(!app.accepts(&ann.access_token).await);
    assert_eq!(app.try_sign_in("bob@example.org", PASSWORD).await, 200);
    app.holds_every_invariant().await;
}
