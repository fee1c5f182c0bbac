//! What ends the session of a browser ends those of the apps in it, at once and on every replica.

use serde_json::Value;
use time::Duration;

use super::App;
use super::client::{browser_of, browser_of_ann};
use crate::support::{
    NEW_PASSWORD, SignedIn, TestApp, on_replicas, signed_in_browser, without_limits,
};

on_replicas! { 2;
    a_session_that_is_ended_from_elsewhere_takes_its_apps_along,
    a_reset_by_mail_ends_every_app,
    no_app_outlives_the_session_of_the_browser,
    a_code_that_is_redeemed_while_its_session_ends_leaves_nothing_alive with without_limits,
}

const ANN: &str = "ann@example.org";

fn refresh_token(tokens: &Value) -> &str {
    tokens["refresh_token"].as_str().unwrap()
}

/// On each replica, which take turns.
async fn assert_dead(app: &App, tokens: &Value) {
    for _ in 0..2 {
        let dead = app.userinfo(&tokens["access_token"]).await;
        dead.expect_oauth(401, "invalid_token");
        let dead = app.refresh(refresh_token(tokens)).await;
        dead.expect_oauth(400, "invalid_grant");
    }
}

async fn assert_alive(app: &App, tokens: &Value) {
    for _ in 0..2 {
        app.userinfo(&tokens["access_token"]).await.expect(200);
    }
}

/// The sessions of the account's browsers, as paths of the API.
async fn browsers(portal: &TestApp, who: &SignedIn) -> Vec<String> {
    let sessions = portal.sessions(who).await.into_iter();
    let browsers = sessions.filter(|session| session["kind"] == "browser");
    browsers
        .map(|session| format!("/sessions/{}", session["id"].as_str().unwrap()))
        .collect()
}

async fn a_session_that_is_ended_from_elsewhere_takes_its_apps_along(portal: TestApp) {
    let app = App::of(&portal).await;
    let mut browser = browser_of_ann(&portal).await;
    let mut bob = browser_of(&portal, "bob@example.org").await;
    let api = portal.sign_in(ANN).await;
    let of_bob = app.tokens(&mut bob).await;
    let tokens = app.tokens(&mut browser).await;
    assert_alive(&app, &tokens).await;
    // From the list of sessions.
    let listed = browsers(&portal, &api).await;
    let call = portal.delete(&listed[0]).bearer(&api.access_token);
    call.await.expect(204);
    assert_dead(&app, &tokens).await;
    // From the list of another browser.
    let mut browser = signed_in_browser(&portal, ANN).await;
    let mut other = signed_in_browser(&portal, ANN).await;
    let tokens = app.tokens(&mut browser).await;
    let of_other = app.tokens(&mut other).await;
    gives!(other.submits("sign_out_others", &[]) => "/account/sessions");
    assert_dead(&app, &tokens).await;
    assert_alive(&app, &of_other).await;
    // Other users stay where they are.
    assert_alive(&app, &of_bob).await;
    app.refresh(refresh_token(&of_bob)).await.expect(200);
    portal.read_mails().await;
}

async fn a_reset_by_mail_ends_every_app(portal: TestApp) {
    let app = App::of(&portal).await;
    let mut first = browser_of_ann(&portal).await;
    let mut second = signed_in_browser(&portal, ANN).await;
    let tokens = [app.tokens(&mut first).await, app.tokens(&mut second).await];
    let code = app.code(&mut first).await;
    let token = portal.reset_token(ANN).await;
    // Asking for the mail ends nothing, since anyone can.
    assert_alive(&app, &tokens[0]).await;
    portal.reset(&token, NEW_PASSWORD).await.expect(200);
    for tokens in &tokens {
        assert_dead(&app, tokens).await;
    }
    app.redeem(&code).await.expect_oauth(400, "invalid_grant");
    portal.read_mails().await;
}

async fn no_app_outlives_the_session_of_the_browser(portal: TestApp) {
    let app = App::of(&portal).await;
    // Not asked to stay signed in: a day.
    let mut browser = browser_of_ann(&portal).await;
    let tokens = app.tokens(&mut browser).await;
    portal.advance(Duration::hours(24) - Duration::minutes(10));
    let tokens = app.refresh(refresh_token(&tokens)).await;
    let tokens = tokens.expect(200).json();
    assert_eq!(tokens["expires_in"], 600);
    assert_alive(&app, &tokens).await;
    portal.advance(Duration::minutes(10));
    assert_dead(&app, &tokens).await;
}

/// Whichever of both is first.
async fn a_code_that_is_redeemed_while_its_session_ends_leaves_nothing_alive(portal: TestApp) {
    let app = App::of(&portal).await;
    browser_of_ann(&portal).await;
    let api = portal.sign_in(ANN).await;
    for path in browsers(&portal, &api).await {
        let call = portal.delete(&path).bearer(&api.access_token);
        call.await.expect(204);
    }
    for _ in 0..10 {
        let mut browser = signed_in_browser(&portal, ANN).await;
        let code = app.code(&mut browser).await;
        let path = browsers(&portal, &api).await.remove(0);
        let end = portal.delete(&path).bearer(&api.access_token);
        let ended = tokio::spawn(end.into_future());
        let redeemed = app.redeem(&code).await;
        ended.await.unwrap().expect(204);
        if redeemed.status == 200 {
            assert_dead(&app, &redeemed.json()).await;
        } else {
            redeemed.expect_oauth(400, "invalid_grant");
        }
        let live = "app_sessions where ended_at is null";
        gives!(portal.count(live) => "0");
    }
    portal.read_mails().await;
}
