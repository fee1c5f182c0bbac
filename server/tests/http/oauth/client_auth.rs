//! How a client proves who it is.

use http::Method;
use time::Duration;
use vestibule_core::NewClient;
use vestibule_core::model::{AuthMethod, ClientKind, ClientSettings};

use super::App;
use super::client::{CALLBACK, basic, browser_of_ann, new_client, new_public_client};
use crate::support::{Answer, TestApp, documented_limit, on_any_database};

on_any_database! {
    a_client_proves_who_it_is_in_its_way,
    wrong_secrets_are_limited_and_lock_nobody_out,
    scripts_of_any_origin_may_read_answers,
    what_middleware_refuses_is_said_in_the_protocols_words,
}

const REFRESH: [(&str, &str); 2] = [("grant_type", "refresh_token"), ("refresh_token", "x")];

/// By the header; by the body; by nothing. Who is let in hears that the token is none.
async fn tries(app: &App) -> [Answer; 3] {
    let secret = app.secret.as_deref().unwrap_or("none-of-its-own");
    let ask = || app.portal.at(Method::POST, "/oauth2/token");
    let id = ("client_id", app.client_id.as_str());
    let post = [&REFRESH[..], &[id, ("client_secret", secret)]].concat();
    let none = [&REFRESH[..], &[id]].concat();
    let header = basic(&app.client_id, secret);
    [
        ask().header("authorization", header).form(&REFRESH).await,
        ask().form(&post).await,
        ask().form(&none).await,
    ]
}

async fn a_client_proves_who_it_is_in_its_way(portal: TestApp) {
    let with = async |method: AuthMethod| {
        let new = new_client(method.as_str());
        let settings = ClientSettings {
            auth_method: method,
            ..new.settings
        };
        App::defined_as(&portal, NewClient { settings, ..new }).await
    };
    let spa = new_public_client("spa", ClientKind::Spa, CALLBACK);
    let spa = App::defined_as(&portal, spa).await;
    for (app, good) in [
        (with(AuthMethod::Secret).await, [true, true, false]),
        (with(AuthMethod::Basic).await, [true, false, false]),
        (with(AuthMethod::Post).await, [false, true, false]),
        (spa, [false, false, true]),
    ] {
        let answers = tries(&app).await;
        for (number, (answer, is_good)) in answers.into_iter().zip(good).enumerate() {
            let status = if !is_good && number == 0 { 401 } else { 400 };
            let error = if is_good {
                "invalid_grant"
            } else {
                "invalid_client"
            };
            answer.expect_oauth(status, error);
        }
    }
    // Unknown and wrong are one.
    let ask = |id: &str| {
        let call = portal.at(Method::POST, "/oauth2/token");
        call.header("authorization", basic(id, "wrong"))
            .form(&REFRESH)
    };
    let (unknown, wrong) = (ask("unknown").await, ask("secret").await);
    let said = |answer: &Answer| answer.json()["error_description"].clone();
    assert_eq!(said(&unknown), said(&wrong));
    assert_eq!(unknown.header("www-authenticate"), "Basic realm=\"oauth2\"");
    let twice = portal.at(Method::POST, "/oauth2/token");
    let twice = twice
        .header("authorization", basic("a", "b"))
        .header("authorization", "x");
    twice
        .form(&REFRESH)
        .await
        .expect_oauth(400, "invalid_request");
}

async fn wrong_secrets_are_limited_and_lock_nobody_out(portal: TestApp) {
    let limit = documented_limit("wrong secrets of a client", "the client and the network");
    let app = App::of(&portal).await;
    let mut browser = browser_of_ann(&portal).await;
    let tokens = app.tokens(&mut browser).await;
    let wrong = || {
        let call = portal.at(Method::POST, "/oauth2/token");
        call.header("authorization", basic("grafana", "wrong"))
            .form(&REFRESH)
    };
    for _ in 0..limit.burst {
        wrong().await.expect_oauth(401, "invalid_client");
    }
    let limited = wrong().await;
    assert_eq!(limited.retry_after(), 10);
    limited.expect_oauth(429, "temporarily_unavailable");
    // The app's own server is another network.
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
    let call = portal
        .at(Method::POST, "/oauth2/token")
        .from("198.51.100.9");
    call.header("authorization", app.basic())
        .form(&fields)
        .await
        .expect(200);
    portal.advance(Duration::seconds(10));
    // The right one costs nothing, however often it comes.
    for _ in 0..3 {
        app.refresh("x").await.expect_oauth(400, "invalid_grant");
    }
    wrong().await.expect_oauth(401, "invalid_client");
}

async fn scripts_of_any_origin_may_read_answers(portal: TestApp) {
    let origin = "https://app.example.net";
    let paths = [
        "/oauth2/token",
        "/oauth2/userinfo",
        "/oauth2/jwks.json",
        "/.well-known/openid-configuration",
    ];
    for path in paths {
        let call = portal.at(Method::OPTIONS, path).header("origin", origin);
        let call = call
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization");
        let preflight = call.await.expect(200);
        assert_eq!(preflight.header("access-control-allow-origin"), "*");
        assert_eq!(
            preflight.header("access-control-allow-headers"),
            "authorization"
        );
    }
    let call = portal
        .at(Method::POST, "/oauth2/token")
        .header("origin", origin);
    let call = call.header("sec-fetch-site", "cross-site").form(&REFRESH);
    let answer = call.await;
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert_eq!(answer.header("access-control-allow-credentials"), "");
    answer.expect_oauth(400, "invalid_client");
    // The API's own list is another one.
    let api = portal.get("/me").header("origin", origin).await;
    assert_eq!(api.header("access-control-allow-origin"), "");
}

async fn what_middleware_refuses_is_said_in_the_protocols_words(portal: TestApp) {
    let token = || portal.at(Method::POST, "/oauth2/token");
    let json = token().body("application/json", "{}").await;
    json.expect_oauth(415, "invalid_request");
    let large = token().form(&[("x", &"y".repeat(70_000))]).await;
    large.expect_oauth(413, "invalid_request");
    let method = portal.at(Method::GET, "/oauth2/token").await;
    method.expect_oauth(405, "invalid_request");
    let host = token().host("evil.example").form(&REFRESH).await;
    host.expect_oauth(421, "invalid_request");
    let twice = "grant_type=refresh_token&grant_type=refresh_token&client_id=x";
    let twice = token()
        .body("application/x-www-form-urlencoded", twice)
        .await;
    twice.expect_oauth(400, "invalid_client");
}
