//! The link that undoes a deletion

use serde_json::json;
use time::Duration;
use vestibule_core::mail::MailKind;
use vestibule_core::ports::Clock as _;

use crate::support::{PASSWORD, TestApp, on_every_database};

on_every_database! {
    the_link_brings_the_account_back,
    the_link_works_once,
    the_link_lives_for_fourteen_days,
    asking_for_a_reset_brings_the_link_again,
    the_link_again_lives_no_longer_than_the_first,
    the_link_again_is_limited_like_a_reset,
    an_account_that_is_closed_gets_no_link,
    after_an_undo_it_can_be_deleted_again,
}

async fn the_link_brings_the_account_back(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    let token = app.undo_token(&ann).await;
    let link = app.portal.auth.restore_link(&token).await.unwrap().unwrap();
    assert_eq!(link.email, "ann@example.org");
    assert_eq!(link.delete_at, app.clock.now() + Duration::days(14));
    gives!(app.try_sign_in("ann@example.org", PASSWORD) => 401, "looking changes nothing");
    assert_eq!(app.undo(&token).await, Ok("ann@example.org".to_owned()));
    assert!(
        app.portal
            .auth
            .restore_link(&token)
            .await
            .unwrap()
            .is_none()
    );
    // What was signed out stays so.
    assert!(!app.accepts(&ann.access_token).await);
    expect!(app.refresh(&ann.refresh_token) => 401, "invalid_refresh_token");
    let again = app.sign_in("ann@example.org").await;
    assert_eq!(again.id, ann.id);
    let me = app.me(&again).await.expect(200);
    assert_eq!(
        (&me.json()["is_active"], &me.json()["first_name"]),
        (&json!(true), &json!("Ann"))
    );
    app.mail_about(MailKind::DeletionCancelled, "ann@example.org")
        .await;
    app.advance(Duration::days(15));
    assert_eq!(app.purge().await, 0);
    assert_eq!(app.try_sign_in("ann@example.org", PASSWORD).await, 200);
}

async fn the_link_works_once(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    let reset = app.reset_token("ann@example.org").await;
    let token = app.undo_token(&ann).await;
    for wrong in ["", "x", &reset, &ann.refresh_token, &"x".repeat(50_000)] {
        assert_eq!(app.undo(wrong).await, Err("invalid_token"));
    }
    expect!(app.verify(&token) => 400, "invalid_token");
    expect!(app.reset(&token, "a quite different phrase") => 400, "invalid_token");
    app.undo(&token).await.unwrap();
    assert_eq!(app.undo(&token).await, Err("invalid_token"));
    gives!(app.read_mails() => ["deletion_cancelled to ann@example.org"]);
}

async fn the_link_lives_for_fourteen_days(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    let bob = app.verified_user("bob@example.org").await;
    let (anns, bobs) = (app.undo_token(&ann).await, app.undo_token(&bob).await);
    app.advance(Duration::days(14) - Duration::seconds(1));
    assert_eq!(app.purge().await, 0);
    app.undo(&anns).await.unwrap();
    app.advance(Duration::seconds(1));
    // Whether or not the worker has come by yet.
    assert_eq!(app.undo(&bobs).await, Err("invalid_token"));
    assert!(app.portal.auth.restore_link(&bobs).await.unwrap().is_none());
    assert_eq!(app.try_sign_in("bob@example.org", PASSWORD).await, 401);
    assert_eq!(app.purge().await, 1);
    assert_eq!(app.undo(&bobs).await, Err("invalid_token"));
    assert_eq!(app.try_sign_in("ann@example.org", PASSWORD).await, 200);
    gives!(app.read_mails() => ["deletion_cancelled to ann@example.org"]);
}

async fn asking_for_a_reset_brings_the_link_again(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    app.delete_account(&ann).await.expect(202);
    let notice = app.mail_to("ann@example.org").await;
    app.advance(Duration::days(10));
    let mut answers = Vec::new();
    for email in ["ann@example.org", "nobody@example.org"] {
        let call = app.forgot(email).from("198.51.100.7");
        answers.push(call.await.expect(200).text());
    }
    assert_eq!(answers[0], answers[1]);
    let again = app.mail_to("ann@example.org").await;
    assert_eq!(again.kind, MailKind::DeletionScheduled);
    // It says when the account was deleted and goes, and not who asks now.
    assert_eq!(
        again.text.replace(&again.link, ""),
        notice.text.replace(&notice.link, "")
    );
    gives!(app.undo(&notice.token.unwrap()) => Err("invalid_token"), "only the newest works");
    let token = again.token.unwrap();
    let link = app.portal.auth.restore_link(&token).await.unwrap().unwrap();
    assert_eq!(link.delete_at, app.clock.now() + Duration::days(4));
    app.undo(&token).await.unwrap();
    app.mail_to("ann@example.org").await;
    app.reset_token("ann@example.org").await;
}

async fn the_link_again_lives_no_longer_than_the_first(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    let bob = app.verified_user("bob@example.org").await;
    app.undo_token(&ann).await;
    app.undo_token(&bob).await;
    app.advance(Duration::days(13));
    let (anns, bobs) = (
        app.reset_token("ann@example.org").await,
        app.reset_token("bob@example.org").await,
    );
    app.advance(Duration::days(1) - Duration::microseconds(1));
    app.undo(&anns).await.unwrap();
    app.mail_to("ann@example.org").await;
    app.advance(Duration::microseconds(1));
    assert_eq!(app.undo(&bobs).await, Err("invalid_token"));
    app.forgot("bob@example.org").await.expect(200);
    assert!(app.read_mails().await.is_empty(), "it is due");
    assert_eq!(app.purge().await, 1);
}

async fn the_link_again_is_limited_like_a_reset(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    app.undo_token(&ann).await;
    for email in ["ann@example.org", "nobody@example.org"] {
        for _ in 0..5 {
            app.forgot(email).await.expect(200);
        }
        expect!(app.forgot(email) => 429, "rate_limited");
    }
    gives!(app.read_mails() => ["deletion_scheduled to ann@example.org"; 5]);
}

async fn an_account_that_is_closed_gets_no_link(app: TestApp) {
    app.verified_user("ann@example.org").await;
    app.database
        .execute("update users set is_active = false")
        .await;
    let rows = app.rows().await;
    app.forgot("ann@example.org").await.expect(200);
    assert_eq!(app.rows().await, rows);
    assert!(app.read_mails().await.is_empty());
}

async fn after_an_undo_it_can_be_deleted_again(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    let first = app.undo_token(&ann).await;
    app.undo(&first).await.unwrap();
    app.mail_to("ann@example.org").await;
    app.advance(Duration::days(10));
    let ann = app.sign_in("ann@example.org").await;
    let second = app.undo_token(&ann).await;
    assert_eq!(app.undo(&first).await, Err("invalid_token"));
    // The time runs anew: the first deadline is nothing any more.
    app.advance(Duration::days(5));
    assert_eq!(app.purge().await, 0);
    app.undo(&second).await.unwrap();
    app.mail_to("ann@example.org").await;
}
