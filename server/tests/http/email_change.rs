//! `POST /email/change`, and `POST /email/verify` with the token that was mailed to the new address

use serde_json::{Value, json};
use time::Duration;
use vestibule_core::mail::MailKind;

use crate::support::{Answer, PASSWORD, SignedIn, TestApp, ann_but, meta, on_every_database};

on_every_database! {
    the_account_moves_when_the_new_address_confirms,
    a_change_ends_the_other_sessions,
    a_change_goes_with_the_session_that_asked,
    an_unconfirmed_address_can_be_changed,
    what_was_mailed_to_the_former_address_is_dead,
    a_change_needs_the_password_each_time,
    an_address_that_breaks_a_rule_changes_nothing,
    the_link_lives_for_a_day,
    only_the_newest_link_counts,
    a_cancelled_change_is_dead,
    a_new_password_and_a_reset_void_the_change,
    tokens_of_other_purposes_move_nothing,
    one_address_gets_five_mails,
    the_case_of_an_address_can_be_changed,
}

async fn change_with(app: &TestApp, who: &SignedIn, body: Value) -> Answer {
    app.post("/email/change")
        .bearer(&who.access_token)
        .json(&body)
        .await
}

async fn the_account_moves_when_the_new_address_confirms(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    app.advance(Duration::minutes(1));
    let answer = expect!(app.change_email(&ann, " Ann.New@example.org ") => 202);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(
        answer.json(),
        json!({ "message": "If the new address can be used, a mail to it is on its way." })
    );
    assert_eq!(app.email_of(&ann).await, "ann@example.org");
    assert_eq!(app.try_sign_in("ann.new@example.org", PASSWORD).await, 401);

    let notice = app.mail_to("ann@example.org").await;
    assert_eq!(notice.kind, MailKind::EmailChangeRequested);
    assert!(!notice.text.contains("Ann.New@"), "masked: {}", notice.text);
    let mail = app.mail_to("Ann.New@example.org").await;
    assert_eq!(mail.kind, MailKind::ConfirmNewEmail);
    assert_eq!(mail.page(), "/verify-email");

    app.advance(Duration::minutes(1));
    let token = mail.token.unwrap();
    let answer = app.verify(&token).await.expect(200);
    assert_eq!(answer.header("cache-control"), "no-store");
    let expected = ann_but(&json!({
        "email": "Ann.New@example.org",
        "is_email_verified": true,
        "updated_at": "2026-11-24T08:32:00.123456Z"
    }));
    assert_eq!(answer.redacted(), expected);
    assert_eq!(app.email_of(&ann).await, "Ann.New@example.org");
    expect!(app.verify(&token) => 400, "invalid_token");
    assert_eq!(app.try_sign_in("ann@example.org", PASSWORD).await, 401);
    assert_eq!(app.try_sign_in("ann.new@example.org", PASSWORD).await, 200);

    let notice = app.mail_to("ann@example.org").await;
    assert_eq!(notice.kind, MailKind::EmailChanged);
    assert!(!notice.text.contains("Ann.New@"), "masked: {}", notice.text);
    assert_eq!(notice.page(), "/revert-email");
    assert!(app.read_mails().await.is_empty(), "nothing to the new one");
}

async fn a_change_ends_the_other_sessions(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    let other = app.sign_in("ann@example.org").await;
    app.change_token(&ann, "new@example.org").await;
    let token = app.change_token(&ann, "newer@example.org").await;
    app.me(&other).await.expect(200);

    app.verify(&token).await.expect(200);
    app.me(&ann).await.expect(200);
    expect!(app.me(&other) => 401, "unauthenticated");
    expect!(app.refresh(&other.refresh_token) => 401, "invalid_refresh_token");
    app.read_mails().await;
}

async fn a_change_goes_with_the_session_that_asked(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    for revokes_one in [true, false] {
        let thief = app.sign_in("ann@example.org").await;
        let token = app.change_token(&thief, "thief@example.org").await;
        let owner = if revokes_one {
            let path = format!("/sessions/{}", app.current_session(&thief).await);
            app.delete(&path).bearer(&ann.access_token)
        } else {
            app.sign_out_all(&ann, true)
        };
        owner.await.expect(204);
        expect!(app.verify(&token) => 400, "invalid_token");
    }
    assert_eq!(app.email_of(&ann).await, "ann@example.org");
    app.read_mails().await;
}

async fn an_unconfirmed_address_can_be_changed(app: TestApp) {
    let (ann, welcome) = app.register("ann.typo@example.org").await;
    let token = app.change_token(&ann, "ann@example.org").await;
    let user = app.verify(&token).await.expect(200).json();
    assert_eq!(
        (&user["email"], &user["is_email_verified"]),
        (&json!("ann@example.org"), &json!(true))
    );
    // The first mail proves an address that is no longer the account's.
    expect!(app.verify(&welcome.token.unwrap()) => 400, "invalid_token");
    let code = welcome.code.as_deref().unwrap();
    expect!(app.verify_code("ann.typo@example.org", code) => 400, "invalid_token");
    assert_eq!(app.email_of(&ann).await, "ann@example.org");
    // A slip of the pen is another person's address, who gets no link into the account.
    assert!(app.read_mails().await.is_empty());
    expect!(app.registration("ann.typo@example.org", PASSWORD) => 201);
    app.read_mails().await;
}

async fn what_was_mailed_to_the_former_address_is_dead(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    let token = app.change_token(&ann, "new@example.org").await;
    let reset = app.reset_token("ann@example.org").await;
    app.verify(&token).await.expect(200);
    expect!(app.reset(&reset, "a quite different phrase") => 400, "invalid_token");
    assert_eq!(app.try_sign_in("new@example.org", PASSWORD).await, 200);
    // Nor does the former address get anything that is asked for from now on.
    app.read_mails().await;
    app.forgot("ann@example.org").await.expect(200);
    assert!(app.read_mails().await.is_empty());
}

async fn a_change_needs_the_password_each_time(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    let rows = app.rows().await;
    for body in [
        json!({ "new_email": "new@example.org" }),
        json!({ "new_email": "new@example.org", "password": null }),
    ] {
        invalid!(change_with(&app, &ann, body) => ["password: required"]);
    }
    for password in ["", "correct horse batterz", "correct horse battery "] {
        let body = json!({ "new_email": "new@example.org", "password": password });
        expect!(change_with(&app, &ann, body) => 401, "invalid_credentials");
    }
    // Just after the sign-in, and whatever the session: the API has no grace time.
    app.post("/email/change")
        .json(&json!({ "new_email": "new@example.org", "password": PASSWORD }))
        .await
        .expect_problem(401, "unauthenticated");
    assert_eq!(app.rows().await, rows);
    gives!(app.count("audit_logs where event_type = 'reauthentication_failed'") => "3");
}

async fn an_address_that_breaks_a_rule_changes_nothing(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    let rows = app.rows().await;
    for (new_email, code) in [
        ("", "required"),
        ("  ", "required"),
        ("ann@example.org", "unchanged"),
        (" ann@Example.ORG", "unchanged"),
        ("ａｎｎ@example．org", "unchanged"),
    ] {
        invalid!(app.change_email(&ann, new_email) => [format!("new_email: {code}")], "{new_email:?}");
    }
    assert_eq!(app.rows().await, rows);
}

async fn the_link_lives_for_a_day(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    let bob = app.verified_user("bob@example.org").await;
    let in_time = app.change_token(&ann, "ann.new@example.org").await;
    let late = app.change_token(&bob, "bob.new@example.org").await;
    app.advance(Duration::hours(24) - Duration::seconds(1));
    app.verify(&in_time).await.expect(200);
    app.advance(Duration::seconds(1));
    app.verify(&late).await.expect_problem(400, "invalid_token");
    assert_eq!(app.try_sign_in("bob@example.org", PASSWORD).await, 200);
    assert_eq!(app.read_mails().await, ["email_changed to ann@example.org"]);
}

async fn only_the_newest_link_counts(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    let first = app.change_token(&ann, "first@example.org").await;
    let second = app.change_token(&ann, "second@example.org").await;
    expect!(app.verify(&first) => 400, "invalid_token");
    let user = app.verify(&second).await.expect(200).json();
    assert_eq!(user["email"], "second@example.org");
    assert_eq!(app.read_mails().await, ["email_changed to ann@example.org"]);
}

async fn a_cancelled_change_is_dead(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    let bob = app.verified_user("bob@example.org").await;
    let token = app.change_token(&ann, "ann.new@example.org").await;
    let others = app.change_token(&bob, "bob.new@example.org").await;
    let auth = &app.portal.auth;
    let who = app.principal(&ann.access_token).await;
    let pending = auth.pending_email_change(&who).await.unwrap().unwrap();
    assert_eq!(pending.email, "ann.new@example.org");
    assert_eq!(
        pending.expires_at - pending.requested_at,
        Duration::hours(24)
    );
    auth.cancel_email_change(&who, &meta()).await.unwrap();
    assert!(auth.pending_email_change(&who).await.unwrap().is_none());
    expect!(app.verify(&token) => 400, "invalid_token");
    assert_eq!(app.email_of(&ann).await, "ann@example.org");
    app.verify(&others).await.expect(200);
    assert_eq!(app.read_mails().await, ["email_changed to bob@example.org"]);
}

async fn a_new_password_and_a_reset_void_the_change(app: TestApp) {
    let new_password = "a quite different phrase";
    let ann = app.verified_user("ann@example.org").await;
    let bob = app.verified_user("bob@example.org").await;
    let anns = app.change_token(&ann, "ann.new@example.org").await;
    let bobs = app.change_token(&bob, "bob.new@example.org").await;
    expect!(app.change_password(&ann, PASSWORD, new_password) => 204);
    let reset = app.reset_token("bob@example.org").await;
    app.reset(&reset, new_password).await.expect(200);
    for token in [anns, bobs] {
        expect!(app.verify(&token) => 400, "invalid_token");
    }
    assert_eq!(
        app.read_mails().await,
        [
            "password_changed to ann@example.org",
            "password_changed to bob@example.org"
        ]
    );
}

async fn tokens_of_other_purposes_move_nothing(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    let token = app.change_token(&ann, "new@example.org").await;
    let reset = app.reset_token("ann@example.org").await;
    for token in [reset.as_str(), &ann.access_token, &ann.refresh_token, ""] {
        app.verify(token).await.expect_problem(400, "invalid_token");
    }
    expect!(app.reset(&token, "a quite different phrase") => 400, "invalid_token");
    let auth = &app.portal.auth;
    for token in [&token, &reset] {
        assert!(auth.revert_email_change(token, &meta()).await.is_err());
        assert!(auth.restore_account(token, &meta()).await.is_err());
    }
    assert_eq!(app.email_of(&ann).await, "ann@example.org");
    app.verify(&token).await.expect(200);
    let revert = app.mail_to("ann@example.org").await.token.unwrap();
    expect!(app.verify(&revert) => 400, "invalid_token");
}

async fn one_address_gets_five_mails(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    let bob = app.verified_user("bob@example.org").await;
    for who in [&ann, &ann, &bob, &bob, &bob] {
        expect!(app.change_email(who, "victim@example.org") => 202);
    }
    for who in [&ann, &bob] {
        let answer = expect!(app.change_email(who, "Victim@example.org") => 429, "rate_limited");
        assert!(answer.retry_after() <= 600);
    }
    let mails = app.read_mails().await;
    let wanted = "confirm_new_email to victim@example.org";
    let sent = mails.iter().filter(|mail| **mail == wanted).count();
    assert_eq!(sent, 5, "{mails:?}");
}

/// One mailbox gets one mail, and no other link.
async fn the_case_of_an_address_can_be_changed(app: TestApp) {
    let ann = app.verified_user("ANN@example.org").await;
    app.change_email(&ann, "ann@example.org").await.expect(202);
    let mail = app.mail_to("ann@example.org").await;
    assert_eq!(mail.kind, MailKind::ConfirmNewEmail);
    assert!(app.read_mails().await.is_empty());
    let moved = app.verify(mail.token.as_deref().unwrap()).await.expect(200);
    assert_eq!(moved.json()["email"], "ann@example.org");
    assert!(app.read_mails().await.is_empty());
    assert_eq!(app.try_sign_in("ANN@example.org", PASSWORD).await, 200);
}
