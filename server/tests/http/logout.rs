//! `POST /logout`, `POST /logout-all`

use std::future::{IntoFuture as _, poll_fn};
use std::task::Poll;
use std::time::Duration;

use serde_json::json;

use crate::support::{SignedIn, TestApp, on_every_database, without_limits};

on_every_database! {
    after_logout_both_tokens_are_dead_at_once,
    logout_all_ends_every_session,
    logout_all_can_keep_the_calling_session,
    nobody_can_be_signed_out_by_others,
    a_client_that_does_not_wait_is_signed_out_all_the_same with without_limits,
}

async fn is_live(app: &TestApp, session: &SignedIn) -> (bool, bool) {
    let refresh = app.refresh(&session.refresh_token).await;
    assert!(
        refresh.status == 200 || refresh.code() == "invalid_refresh_token",
        "{refresh:?}"
    );
    (
        app.accepts(&session.access_token).await,
        refresh.status == 200,
    )
}

async fn after_logout_both_tokens_are_dead_at_once(app: TestApp) {
    let (ann, other) = app.two_sessions("ann@example.org").await;
    assert_eq!(is_live(&app, &ann).await, (true, true));
    let answer = expect!(app.post("/logout").bearer(&ann.access_token) => 204);
    assert!(answer.body.is_empty());
    assert_eq!(is_live(&app, &ann).await, (false, false));
    expect!(app.post("/logout").bearer(&ann.access_token) => 401, "unauthenticated");
    assert_eq!(is_live(&app, &other).await, (true, true));
}

async fn logout_all_ends_every_session(app: TestApp) {
    let (ann, other) = app.two_sessions("ann@example.org").await;
    let bob = app.user("bob@example.org").await;
    for body in ["", "{}", r#"{"keep_current":false}"#] {
        let third = app.sign_in("ann@example.org").await;
        assert!(app.accepts(&third.access_token).await);
        let call = app.post("/logout-all").bearer(&third.access_token);
        let call = if body.is_empty() {
            call
        } else {
            call.body("application/json", body)
        };
        call.await.expect(204);
        assert_eq!(is_live(&app, &third).await, (false, false));
    }
    assert_eq!(
        (is_live(&app, &ann).await, is_live(&app, &other).await),
        ((false, false), (false, false))
    );
    assert_eq!(is_live(&app, &bob).await, (true, true), "another user's");
}

async fn logout_all_can_keep_the_calling_session(app: TestApp) {
    let (ann, other) = app.two_sessions("ann@example.org").await;
    assert!(app.accepts(&other.access_token).await);
    app.sign_out_all(&ann, true).await.expect(204);
    assert_eq!(is_live(&app, &ann).await, (true, true));
    assert_eq!(is_live(&app, &other).await, (false, false));
    let body = json!({ "keep_current": null });
    let call = app.post("/logout-all").bearer(&ann.access_token);
    expect!(call.json(&body) => 400, "malformed_body");
}

async fn nobody_can_be_signed_out_by_others(app: TestApp) {
    let ann = app.user("ann@example.org").await;
    for path in ["/logout", "/logout-all"] {
        app.post(path).await.expect_problem(401, "unauthenticated");
        expect!(app.post(path).bearer(&ann.refresh_token) => 401, "unauthenticated");
        expect!(app.get(path).bearer(&ann.access_token) => 405, "method_not_allowed");
    }
    assert!(app.accepts(&ann.access_token).await);
}

/// Without limits: counting a request on Redis is a wait before anything is begun.
async fn a_client_that_does_not_wait_is_signed_out_all_the_same(app: TestApp) {
    let ann = app.user("ann@example.org").await;
    assert!(app.accepts(&ann.access_token).await);
    let mut call = app.post("/logout").bearer(&ann.access_token).into_future();
    // Begun, and hardly ever answered by then.
    poll_fn(|context| {
        let _ = call.as_mut().poll(context);
        Poll::Ready(())
    })
    .await;
    drop(call);
    for _ in 0..1000 {
        if !app.accepts(&ann.access_token).await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the session lives on");
}
