//! `POST /refresh`: a good user is never signed out by a lost answer or a second tab, a thief is.

use serde_json::json;
use time::Duration;
use vestibule::config::Config;
use vestibule_core::mail::MailKind;

use crate::support::{
    PASSWORD, SignedIn, TestApp, documented_limit, on_every_database, tokens_of_ann_but,
};

on_every_database! {
    a_refresh_token_is_replaced_by_its_successor,
    a_replay_within_the_grace_time_gets_the_same_successor,
    after_the_grace_time_an_unused_successor_is_replaced,
    a_replaced_successor_is_theft,
    a_token_whose_successor_was_used_is_theft,
    theft_ends_one_session_with_its_access_tokens_and_notifies_the_owner,
    a_token_is_worth_nothing_after_seven_days,
    no_refresh_outlives_the_session,
    without_a_grace_time_only_an_unused_successor_forgives with no_grace,
    text_that_is_no_token_of_ours_harms_nobody,
    an_inactive_user_gets_no_tokens,
    a_session_that_refreshes_without_end_has_to_wait,
}

const GRACE: Duration = Duration::seconds(30);

fn no_grace(config: &mut Config) {
    config.tokens.refresh_grace = std::time::Duration::ZERO;
}

async fn a_refresh_token_is_replaced_by_its_successor(app: TestApp) {
    let ann = app.user("ann@example.org").await;
    app.advance(Duration::minutes(20));
    assert!(!app.accepts(&ann.access_token).await);
    let answer = app.refresh(&ann.refresh_token).await.expect(200);
    assert_eq!(answer.header("cache-control"), "no-store");
    let expected = tokens_of_ann_but(&json!({}));
    assert_eq!(answer.redacted(), expected);
    let next = SignedIn::from_body(&answer.json());
    assert_ne!(next.refresh_token, ann.refresh_token);
    assert!(app.accepts(&next.access_token).await);
    let sessions = app.sessions(&next).await;
    assert_eq!(sessions.len(), 1, "it is the same session");
}

async fn a_replay_within_the_grace_time_gets_the_same_successor(app: TestApp) {
    let ann = app.user("ann@example.org").await;
    let first = app.refreshed(&ann.refresh_token).await;
    for wait in [Duration::ZERO, Duration::seconds(10), Duration::seconds(19)] {
        app.advance(wait);
        let again = app.refreshed(&ann.refresh_token).await;
        assert_eq!(again.refresh_token, first.refresh_token, "after {wait}");
        assert!(app.accepts(&again.access_token).await);
    }
    app.refreshed(&first.refresh_token).await;
}

async fn after_the_grace_time_an_unused_successor_is_replaced(app: TestApp) {
    let ann = app.user("ann@example.org").await;
    let lost = app.refreshed(&ann.refresh_token).await;
    app.advance(Duration::hours(9));
    let fresh = app.refreshed(&ann.refresh_token).await;
    assert_ne!(fresh.refresh_token, lost.refresh_token);
    // The grace time begins anew.
    app.advance(GRACE - Duration::seconds(1));
    assert_eq!(
        app.refreshed(&ann.refresh_token).await.refresh_token,
        fresh.refresh_token
    );
    assert!(
        app.accepts(&app.refreshed(&fresh.refresh_token).await.access_token)
            .await
    );
}

async fn a_replaced_successor_is_theft(app: TestApp) {
    let ann = app.user("ann@example.org").await;
    let lost = app.refreshed(&ann.refresh_token).await;
    app.advance(GRACE + Duration::seconds(1));
    let fresh = app.refreshed(&ann.refresh_token).await;
    expect!(app.refresh(&lost.refresh_token) => 401, "refresh_token_reused");
    expect!(app.refresh(&fresh.refresh_token) => 401, "invalid_refresh_token");
    assert!(!app.accepts(&fresh.access_token).await);
    assert_eq!(app.read_mails().await, ["session_ended to ann@example.org"]);
}

async fn a_token_whose_successor_was_used_is_theft(app: TestApp) {
    for wait in [
        Duration::ZERO,
        GRACE + Duration::seconds(1),
        Duration::days(3),
    ] {
        let ann = app
            .user(&format!("ann-{}@example.org", wait.whole_seconds()))
            .await;
        let second = app.refreshed(&ann.refresh_token).await;
        let third = app.refreshed(&second.refresh_token).await;
        app.advance(wait);
        expect!(app.refresh(&ann.refresh_token) => 401, "refresh_token_reused");
        expect!(app.refresh(&third.refresh_token) => 401, "invalid_refresh_token");
        app.mail_about(MailKind::SessionEnded, &ann.email).await;
        // The thief is detected once; later requests find nothing, and cause no more mail.
        for token in [&ann, &second, &third] {
            expect!(app.refresh(&token.refresh_token) => 401, "invalid_refresh_token");
        }
    }
}

async fn theft_ends_one_session_with_its_access_tokens_and_notifies_the_owner(app: TestApp) {
    let (ann, other) = app.two_sessions("ann@example.org").await;
    let second = app.refreshed(&ann.refresh_token).await;
    let third = app.refreshed(&second.refresh_token).await;
    for tokens in [&ann, &second, &third, &other] {
        assert!(app.accepts(&tokens.access_token).await);
    }
    expect!(app.refresh(&ann.refresh_token) => 401, "refresh_token_reused");
    for tokens in [&ann, &second, &third] {
        expect!(app.me(tokens) => 401, "unauthenticated");
    }
    assert!(
        app.accepts(&other.access_token).await,
        "other sessions live"
    );
    app.refreshed(&other.refresh_token).await;
    app.mail_about(MailKind::SessionEnded, "ann@example.org")
        .await;
    gives!(app.count("audit_logs where event_type = 'refresh_token_reused'") => "1");
}

async fn a_token_is_worth_nothing_after_seven_days(app: TestApp) {
    let ann = app.user("ann@example.org").await;
    app.advance(Duration::days(7) - Duration::seconds(1));
    let next = app.refreshed(&ann.refresh_token).await;
    app.advance(Duration::days(7));
    expect!(app.refresh(&next.refresh_token) => 401, "invalid_refresh_token");
    expect!(app.refresh(&ann.refresh_token) => 401, "invalid_refresh_token");
}

async fn no_refresh_outlives_the_session(app: TestApp) {
    let mut ann = app.user("ann@example.org").await;
    for _ in 0..4 {
        app.advance(Duration::days(6));
        ann = app.refreshed(&ann.refresh_token).await;
    }
    app.advance(Duration::days(6) - Duration::seconds(60));
    ann = app.refreshed(&ann.refresh_token).await;
    assert!(app.accepts(&ann.access_token).await);
    app.advance(Duration::seconds(60));
    expect!(app.refresh(&ann.refresh_token) => 401, "invalid_refresh_token");
    // The last access token ended with the session, long before its own quarter of an hour.
    assert!(!app.accepts(&ann.access_token).await);

    let body = json!({ "email": "ann@example.org", "password": PASSWORD, "remember_me": false });
    let day = SignedIn::from_body(&app.post("/login").json(&body).await.expect(200).json());
    app.advance(Duration::hours(24) - Duration::seconds(1));
    let day = app.refreshed(&day.refresh_token).await;
    app.advance(Duration::seconds(1));
    expect!(app.refresh(&day.refresh_token) => 401, "invalid_refresh_token");
}

async fn without_a_grace_time_only_an_unused_successor_forgives(app: TestApp) {
    let ann = app.user("ann@example.org").await;
    let lost = app.refreshed(&ann.refresh_token).await;
    app.advance(Duration::microseconds(1));
    let fresh = app.refreshed(&ann.refresh_token).await;
    assert_ne!(fresh.refresh_token, lost.refresh_token);
    app.refreshed(&fresh.refresh_token).await;
    expect!(app.refresh(&ann.refresh_token) => 401, "refresh_token_reused");
    app.mail_about(MailKind::SessionEnded, "ann@example.org")
        .await;
}

async fn text_that_is_no_token_of_ours_harms_nobody(app: TestApp) {
    let ann = app.user("ann@example.org").await;
    // The family's id is no secret to one who saw a token; the rest of it cannot be made up.
    let (family, rest) = ann.refresh_token.split_at(21);
    let forged = format!("{family}{}", rest.chars().rev().collect::<String>());
    let padded = format!(" {}", ann.refresh_token);
    let huge = "A".repeat(60_000);
    let made_up = [
        &forged,
        &padded,
        &huge,
        "",
        "A",
        &"A".repeat(86),
        &"!".repeat(86),
        &ann.access_token,
    ];
    for token in made_up {
        expect!(app.refresh(token) => 401, "invalid_refresh_token");
    }
    assert!(app.accepts(&ann.access_token).await);
    app.refreshed(&ann.refresh_token).await;
}

async fn an_inactive_user_gets_no_tokens(app: TestApp) {
    let ann = app.user("ann@example.org").await;
    app.database
        .execute("update users set is_active = false")
        .await;
    expect!(app.refresh(&ann.refresh_token) => 401, "invalid_refresh_token");
    assert!(!app.accepts(&ann.access_token).await);
    app.database
        .execute("update users set is_active = true")
        .await;
}

/// It is refused before anything is rotated, and no session ends by it.
async fn a_session_that_refreshes_without_end_has_to_wait(app: TestApp) {
    let limit = documented_limit("refreshes", "the session");
    assert_eq!((limit.burst, limit.period), (60, Duration::seconds(5)));
    let mut ann = app.user("ann@example.org").await;
    let other = app.sign_in("ann@example.org").await;
    for _ in 0..limit.burst {
        ann = app.refreshed(&ann.refresh_token).await;
    }
    let refused = expect!(app.refresh(&ann.refresh_token) => 429, "rate_limited");
    assert_eq!(refused.retry_after(), 5);
    assert!(app.accepts(&ann.access_token).await);
    app.refreshed(&other.refresh_token).await;
    app.advance(limit.period - Duration::SECOND);
    let refused = expect!(app.refresh(&ann.refresh_token) => 429, "rate_limited");
    assert_eq!(refused.retry_after(), 1);
    app.advance(Duration::SECOND);
    let next = app.refreshed(&ann.refresh_token).await;
    assert_ne!(next.refresh_token, ann.refresh_token);
    assert!(app.accepts(&next.access_token).await);
    expect!(app.refresh(&next.refresh_token) => 429, "rate_limited");
    // What is no token of the portal is no session.
    expect!(app.refresh("none") => 401, "invalid_refresh_token");
}
