//! Giving the password again, and what it opens: core, called as the pages call it

use time::Duration;
use vestibule_core::ChangeEmail;
use vestibule_core::model::Principal;

use crate::support::{PASSWORD, TestApp, code, meta, on_every_database};

on_every_database! {
    a_password_counts_for_ten_minutes,
    a_password_counts_in_its_session_only,
    a_wrong_password_changes_nothing_and_counts,
    an_ended_session_takes_no_password,
    a_refresh_is_no_password,
    a_change_of_the_password_gives_it,
}

const WINDOW: Duration = Duration::minutes(10);

/// How a change of address without a password is answered.
async fn without_password(app: &TestApp, who: &Principal) -> &'static str {
    let command = ChangeEmail {
        new_email: "new@example.org".to_owned(),
        password: None,
    };
    let auth = &app.portal.auth;
    code(auth.request_email_change(who, command, &meta()).await)
}

async fn a_password_counts_for_ten_minutes(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    app.advance(WINDOW);
    let who = app.principal(&ann.access_token).await;
    assert!(app.portal.auth.is_recently_authenticated(&who));
    assert_eq!(without_password(&app, &who).await, "ok");
    app.read_mails().await;
    app.advance(Duration::microseconds(1));
    let rows = app.rows().await;
    assert!(!app.portal.auth.is_recently_authenticated(&who));
    gives!(without_password(&app, &who) => "reauthentication_required");
    let deleted = app.portal.auth.delete_account(&who, None, &meta()).await;
    assert_eq!(code(deleted), "reauthentication_required");
    assert_eq!(app.rows().await, rows);
}

async fn a_password_counts_in_its_session_only(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    let other = app.sign_in("ann@example.org").await;
    app.advance(Duration::minutes(14));
    let auth = &app.portal.auth;
    let who = app.principal(&ann.access_token).await;
    auth.reauthenticate(&who, PASSWORD.into(), &meta())
        .await
        .unwrap();
    let who = app.principal(&ann.access_token).await;
    assert!(auth.is_recently_authenticated(&who));
    assert_eq!(
        who.session.authenticated_at,
        who.session.created_at + Duration::minutes(14)
    );
    let other = app.principal(&other.access_token).await;
    assert!(!auth.is_recently_authenticated(&other));
    gives!(without_password(&app, &other) => "reauthentication_required");
    assert_eq!(without_password(&app, &who).await, "ok");
    app.read_mails().await;
}

async fn a_wrong_password_changes_nothing_and_counts(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    let who = app.principal(&ann.access_token).await;
    let rows = app.rows().await;
    let auth = &app.portal.auth;
    for number in 0..10 {
        // Also where none would be wanted.
        let result = match number % 3 {
            0 => code(auth.reauthenticate(&who, "wrong".into(), &meta()).await),
            1 => code(
                auth.delete_account(&who, Some("wrong".into()), &meta())
                    .await,
            ),
            _ => {
                let command = ChangeEmail {
                    new_email: "new@example.org".to_owned(),
                    password: Some("wrong".into()),
                };
                code(auth.request_email_change(&who, command, &meta()).await)
            }
        };
        assert_eq!(result, "invalid_credentials");
    }
    let right = auth.reauthenticate(&who, PASSWORD.into(), &meta()).await;
    assert_eq!(code(right), "rate_limited");
    assert_eq!(app.rows().await, rows);
    gives!(app.count("audit_logs where event_type = 'reauthentication_failed'") => "10");
    let elsewhere = app.try_sign_in("ann@example.org", PASSWORD).await;
    assert_eq!(
        elsewhere, 200,
        "those who are signed in have a quota of their own"
    );
}

async fn an_ended_session_takes_no_password(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    let who = app.principal(&ann.access_token).await;
    expect!(app.post("/logout").bearer(&ann.access_token) => 204);
    let auth = &app.portal.auth;
    let confirmed = auth.reauthenticate(&who, PASSWORD.into(), &meta()).await;
    assert_eq!(code(confirmed), "unauthenticated");
    // Not even while it would be fresh: the request may have been on its way.
    assert_eq!(without_password(&app, &who).await, "unauthenticated");
    let deleted = auth.delete_account(&who, None, &meta()).await;
    assert_eq!(code(deleted), "unauthenticated");
    assert_eq!(app.try_sign_in("ann@example.org", PASSWORD).await, 200);
}

async fn a_refresh_is_no_password(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    app.advance(WINDOW + Duration::seconds(1));
    let tokens = app.refreshed(&ann.refresh_token).await;
    let who = app.principal(&tokens.access_token).await;
    assert!(!app.portal.auth.is_recently_authenticated(&who));
}

async fn a_change_of_the_password_gives_it(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    app.advance(WINDOW + Duration::seconds(1));
    expect!(app.change_password(&ann, PASSWORD, "a quite different phrase") => 204);
    let who = app.principal(&ann.access_token).await;
    assert!(app.portal.auth.is_recently_authenticated(&who));
    app.read_mails().await;
}
