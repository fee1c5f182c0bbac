//! `/health`, on both listeners

use axum::body::Body;
use http::{Method, Request};
use tower::ServiceExt as _;
use vestibule::config::Config;
use vestibule_testkit::redis_url;

use crate::support::{Answer, TestApp, in_parallel, on_every_database};

on_every_database! {
    health_names_each_dependency,
    the_private_listener_answers_as_well,
    a_crowd_of_checks_is_one_question,
    a_portal_without_its_redis_is_ready_and_says_so with with_a_redis_that_is_away,
}

fn with_a_redis_that_is_away(config: &mut Config) {
    config.redis.url = Some("redis://127.0.0.1:1".to_owned().into());
}

async fn health_names_each_dependency(app: TestApp) {
    assert_eq!(
        app.at(Method::GET, "/health/live").await.expect(200).text(),
        r#"{"status":"ok"}"#
    );
    for path in ["/health", "/health/ready"] {
        let answer = app.at(Method::GET, path).await.expect(200);
        let expected = match redis_url() {
            Some(_) if app.database.is_postgres() => {
                r#"{"dependencies":{"database":"ok","redis":"ok"},"status":"ok"}"#
            }
            _ => r#"{"dependencies":{"database":"ok"},"status":"ok"}"#,
        };
        assert_eq!(answer.text(), expected);
        assert_eq!(answer.header("cache-control"), "no-store");
        // A health check names whatever address it reaches the portal by.
        expect!(app.at(Method::GET, path).host("10.0.0.7:3000") => 200);
    }
}

async fn the_private_listener_answers_as_well(app: TestApp) {
    let get = async |path: &str| {
        let request = Request::get(path).body(Body::empty()).unwrap();
        Answer::read(app.portal.private.clone().oneshot(request).await.unwrap()).await
    };
    for path in ["/health", "/health/live", "/health/ready"] {
        get(path).await.expect(200);
    }
    get("/api/v1/auth/password/policy").await.expect(404);
}

async fn a_portal_without_its_redis_is_ready_and_says_so(app: TestApp) {
    let answer = app.at(Method::GET, "/health/ready").await.expect(200);
    assert_eq!(
        answer.text(),
        r#"{"dependencies":{"database":"ok","redis":"unavailable"},"status":"ok"}"#
    );
}

async fn a_crowd_of_checks_is_one_question(app: TestApp) {
    let before = app.store.round_trips();
    in_parallel(200, |_| {
        let check = app.at(Method::GET, "/health/ready");
        async move { check.await.expect(200) }
    })
    .await;
    // Four a second, and this takes no second.
    let asked = app.store.round_trips() - before;
    assert!((1..10).contains(&asked), "{asked}");
}
