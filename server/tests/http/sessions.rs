//! `GET /sessions`, `DELETE /sessions/{id}`

use http::Method;
use serde_json::json;
use time::Duration;
use uuid::Uuid;

use crate::support::{PASSWORD, TestApp, on_every_database};

on_every_database! {
    sessions_are_listed_last_seen_first,
    a_session_can_be_ended_once,
    the_calling_session_can_end_itself,
    beyond_a_hundred_sessions_the_oldest_end,
    another_users_session_is_not_there,
    an_id_that_is_none_is_not_there,
}

async fn sessions_are_listed_last_seen_first(app: TestApp) {
    let ann = app.user("ann@example.org").await;
    app.user("bob@example.org").await;
    app.advance(Duration::minutes(5));
    let body = json!({ "email": "ann@example.org", "password": PASSWORD, "device_name": "Phone" });
    expect!(app.post("/login").json(&body).from("2001:db8::7") => 200);
    assert_eq!(app.read_mails().await, ["new_device to ann@example.org"]);
    app.advance(Duration::minutes(2));
    // Noted a moment after it was seen.
    app.sessions(&ann).await;
    app.write_deferred().await;
    let answer = expect!(app.get("/sessions").bearer(&ann.access_token) => 200);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(
        answer.redacted(),
        json!({
          "sessions": [
            {
              "created_at": "2026-11-24T08:30:00.123456Z",
              "current": true,
              "device": "Unknown device",
              "expires_at": "2026-12-24T08:30:00.123456Z",
              "id": "[uuid]",
              "ip_address": "192.0.2.1",
              "kind": "api",
              "last_seen_at": "2026-11-24T08:37:00.123456Z",
              "method": "registration"
            },
            {
              "created_at": "2026-11-24T08:35:00.123456Z",
              "current": false,
              "device": "Phone",
              "expires_at": "2026-12-24T08:35:00.123456Z",
              "id": "[uuid]",
              "ip_address": "2001:db8::7",
              "kind": "api",
              "last_seen_at": "2026-11-24T08:35:00.123456Z",
              "method": "password"
            }
          ]
        })
    );
}

async fn a_session_can_be_ended_once(app: TestApp) {
    let ann = app.user("ann@example.org").await;
    let phone = app.sign_in("ann@example.org").await;
    // Both tokens have been used, so that whatever is cached is cached.
    assert!(app.accepts(&phone.access_token).await && app.accepts(&ann.access_token).await);
    let path = format!("/sessions/{}", app.current_session(&phone).await);
    expect!(app.delete(&path).bearer(&ann.access_token) => 204);
    assert!(!app.accepts(&phone.access_token).await);
    expect!(app.refresh(&phone.refresh_token) => 401, "invalid_refresh_token");
    expect!(app.delete(&path).bearer(&ann.access_token) => 404, "not_found");
    assert_eq!(app.sessions(&ann).await.len(), 1);
}

async fn the_calling_session_can_end_itself(app: TestApp) {
    let ann = app.user("ann@example.org").await;
    let path = format!("/sessions/{}", app.current_session(&ann).await);
    expect!(app.delete(&path).bearer(&ann.access_token) => 204);
    expect!(app.get("/sessions").bearer(&ann.access_token) => 401, "unauthenticated");
}

async fn beyond_a_hundred_sessions_the_oldest_end(app: TestApp) {
    let eve = app.user("eve@example.org").await;
    let mut sessions = vec![app.user("ann@example.org").await];
    for _ in 1..103 {
        // Used each time, so that it is cached when it is ended.
        let is_live = app.accepts(&sessions[0].access_token).await;
        assert_eq!(is_live, sessions.len() <= 100);
        app.advance(Duration::seconds(1));
        sessions.push(app.sign_in("ann@example.org").await);
    }
    let (oldest, newest) = sessions.split_at(3);
    for ended in oldest {
        expect!(app.me(ended) => 401, "unauthenticated");
        expect!(app.refresh(&ended.refresh_token) => 401, "invalid_refresh_token");
    }
    for live in newest {
        assert!(app.accepts(&live.access_token).await);
    }
    assert_eq!(app.sessions(&newest[99]).await.len(), 100);
    assert!(app.accepts(&eve.access_token).await);
    expect!(app.post("/logout-all").bearer(&newest[0].access_token) => 204);
}

async fn another_users_session_is_not_there(app: TestApp) {
    let (ann, eve) = (
        app.user("ann@example.org").await,
        app.user("eve@example.org").await,
    );
    let path = format!("/sessions/{}", app.current_session(&ann).await);
    let theirs = app
        .delete(&path)
        .bearer(&eve.access_token)
        .header("x-request-id", "same")
        .await;
    let nobodys = format!("/sessions/{}", Uuid::nil());
    let nobodys = app
        .delete(&nobodys)
        .bearer(&eve.access_token)
        .header("x-request-id", "same")
        .await;
    assert_eq!(
        theirs.expect_problem(404, "not_found").body,
        nobodys.expect_problem(404, "not_found").body
    );
    expect!(app.delete(&path) => 401, "unauthenticated");
    assert!(app.accepts(&ann.access_token).await);
}

async fn an_id_that_is_none_is_not_there(app: TestApp) {
    let ann = app.user("ann@example.org").await;
    for id in [
        "not-a-uuid",
        "%00",
        "%FF",
        "..%2f..",
        "1",
        "'%20or%201=1%20--",
        "%7B%7D",
    ] {
        let answer = app
            .delete(&format!("/sessions/{id}"))
            .bearer(&ann.access_token)
            .await;
        answer.expect_problem(404, "not_found");
    }
    app.api(Method::GET, &format!("/sessions/{}", Uuid::nil()))
        .bearer(&ann.access_token)
        .await
        .expect(405);
    assert_eq!(app.sessions(&ann).await.len(), 1);
}
