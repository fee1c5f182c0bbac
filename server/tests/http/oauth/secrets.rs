//! What must be in no row that an operator reads: codes, tokens, secrets, and what clients keep for
//! themselves.

use http::Method;
use serde_json::Value;
use time::Duration;
use vestibule_core::hash_token;

use super::App;
use super::client::{CALLBACK, VERIFIER, basic, browser_of_ann, new_client};
use crate::support::{Browser, SESSION_COOKIE, TestApp, on_any_database};

on_any_database! {
    no_secret_is_in_the_audit_log_whatever_goes_wrong,
    no_row_has_what_it_is_the_hash_of,
}

const WRONG_SECRET: &str = "wrong-secret-that-was-typed-somewhere";
const WRONG_VERIFIER: &str = "another-verifier-of-more-than-forty-three-letters";
const STATE: &str = "state-that-is-the-clients-own";
const NONCE: &str = "nonce-that-is-the-clients-own";

/// Every text of these columns, whatever the database calls the function.
async fn texts(portal: &TestApp, columns: &[&str], table: &str) -> String {
    let columns: Vec<String> = columns
        .iter()
        .map(|column| format!("coalesce({column}, '')"))
        .collect();
    let function = if portal.database.is_postgres() {
        "string_agg"
    } else {
        "group_concat"
    };
    let columns = columns.join(" || ' ' || ");
    let sql = format!("select coalesce({function}({columns}, ' '), '') from {table}");
    portal.text(&sql).await
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// Codes and tokens of one flow with what can go wrong on the way.
async fn used_in_every_way(app: &App, browser: &mut Browser) -> Vec<String> {
    let own = [("state", STATE), ("nonce", NONCE)];
    // A code that is tried by the wrong verifier, and one by the wrong client.
    let tried = app.code_with(browser, &own).await;
    let refused = app.redeem_with(&tried, Some(WRONG_VERIFIER)).await;
    refused.expect_oauth(400, "invalid_grant");
    let other = App::defined_as(&app.portal, new_client("other")).await;
    let refused = other.redeem(&tried).await;
    refused.expect_oauth(400, "invalid_grant");
    // One that is shown twice.
    let replayed = app.code_with(browser, &own).await;
    let ended = app.redeem(&replayed).await.expect(200).json();
    let refused = app.redeem(&replayed).await;
    refused.expect_oauth(400, "invalid_grant");
    // A refresh token that is shown again after its successor was used.
    let first = app.tokens(browser).await;
    let second = app.refresh(&text(&first["refresh_token"])).await;
    let second = second.expect(200).json();
    let third = app.refresh(&text(&second["refresh_token"])).await;
    let third = third.expect(200).json();
    app.portal.advance(Duration::minutes(5));
    let refused = app.refresh(&text(&first["refresh_token"])).await;
    refused.expect_oauth(400, "invalid_grant");
    let refused = app.userinfo(&third["access_token"]).await;
    refused.expect_oauth(401, "invalid_token");
    let mut secrets = vec![tried, replayed];
    secrets.extend(other.secret);
    for tokens in [ended, first, second, third] {
        let names = ["access_token", "refresh_token", "id_token"];
        secrets.extend(names.map(|name| text(&tokens[name])));
    }
    secrets
}

/// The same in requests that are refused before a client is looked for.
async fn refused_at_the_door(app: &App, browser: &mut Browser, code: &str) {
    let portal = &app.portal;
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
        ("client_id", "grafana"),
        ("client_secret", WRONG_SECRET),
    ];
    let token = || portal.at(Method::POST, "/oauth2/token");
    let elsewhere = token().form(&fields).host("evil.example").await;
    elsewhere.expect_oauth(421, "invalid_request");
    let as_text = format!("code={code}&client_secret={WRONG_SECRET}");
    let as_text = token().body("text/plain", as_text).await;
    as_text.expect_oauth(415, "invalid_request");
    let in_address = format!("/oauth2/token?code={code}&client_secret={WRONG_SECRET}");
    let in_address = portal.at(Method::GET, &in_address).await;
    in_address.expect_oauth(405, "invalid_request");
    for changes in [
        [("state", STATE), ("redirect_uri", "https://evil.example/")],
        [("state", STATE), ("client_id", "unknown")],
    ] {
        browser.open(&app.authorize_url(&changes)).await.expect(400);
    }
    app.authorize(browser, &[("state", STATE), ("scope", "none")])
        .await;
    // Until the limit on wrong secrets is an event as well.
    let wrong = basic("grafana", WRONG_SECRET);
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", code)];
    let wrong = || token().header("authorization", &wrong).form(&refresh);
    for _ in 0..20 {
        wrong().await.expect_oauth(401, "invalid_client");
    }
    wrong().await.expect_oauth(429, "temporarily_unavailable");
}

async fn no_secret_is_in_the_audit_log_whatever_goes_wrong(portal: TestApp) {
    let app = App::of(&portal).await;
    let mut browser = browser_of_ann(&portal).await;
    let mut secrets = used_in_every_way(&app, &mut browser).await;
    refused_at_the_door(&app, &mut browser, &secrets[0]).await;
    let columns = [
        "event_type",
        "details",
        "actor_id",
        "client_id",
        "user_agent",
    ];
    let log = texts(&portal, &columns, "audit_logs").await;
    // All of that is there.
    for event in [
        "app_signed_in",
        "code_replayed",
        "app_refresh_reused",
        "token_refreshed",
        "request_refused",
        "rate_limited",
        "client:secret",
        "grafana",
    ] {
        assert!(log.contains(event), "no {event} in {log}");
    }
    let cookie = browser.cookie(SESSION_COOKIE).unwrap();
    let challenge = hash_token(VERIFIER);
    let own = [
        app.secret.as_deref().unwrap(),
        cookie,
        &challenge,
        WRONG_SECRET,
        VERIFIER,
        WRONG_VERIFIER,
        STATE,
        NONCE,
    ];
    secrets.extend(own.map(str::to_owned));
    for secret in &secrets {
        assert!(!log.contains(secret.as_str()), "{secret} in {log}");
    }
}

/// Who reads the database can redeem, refresh and sign in to nothing.
async fn no_row_has_what_it_is_the_hash_of(portal: TestApp) {
    let app = App::of(&portal).await;
    let mut browser = browser_of_ann(&portal).await;
    let first = app.tokens(&mut browser).await;
    let second = app.refresh(&text(&first["refresh_token"])).await;
    let second = second.expect(200).json();
    let columns = ["token_hash", "previous_hash", "successor_nonce", "scopes"];
    let sessions = texts(&portal, &columns, "app_sessions").await;
    let columns = ["secret_hash", "hint"];
    let of_client = texts(&portal, &columns, "client_secrets").await;
    let secret = app.secret.as_deref().unwrap();
    assert_eq!(
        of_client,
        format!("{} {}", hash_token(secret), &secret[secret.len() - 4..])
    );
    for token in [&first["refresh_token"], &second["refresh_token"]] {
        let token = text(token);
        assert!(sessions.contains(&hash_token(&token)), "{sessions}");
        assert!(!sessions.contains(&token), "{sessions}");
    }
}
