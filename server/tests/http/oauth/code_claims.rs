//! Codes: good for a minute, for their client and for their request.

use http::Method;
use time::Duration;

use super::App;
use super::client::{CALLBACK, VERIFIER, browser_of_ann, new_client};
use crate::support::{TestApp, on_any_database};

on_any_database! {
    a_code_is_good_for_a_minute,
    a_code_is_its_clients,
    a_changed_code_is_none,
    a_code_is_claimed_by_its_request_alone,
    codes_of_one_session_are_limited,
}

async fn a_code_is_good_for_a_minute(portal: TestApp) {
    let app = App::of(&portal).await;
    let mut browser = browser_of_ann(&portal).await;
    let (early, late) = (app.code(&mut browser).await, app.code(&mut browser).await);
    portal.advance(Duration::seconds(59));
    let tokens = app.redeem(&early).await.expect(200).json();
    portal.advance(Duration::seconds(2));
    app.redeem(&late).await.expect_oauth(400, "invalid_grant");
    app.userinfo(&tokens["access_token"]).await.expect(200);
    // Shown again after its time it still says that it is in wrong hands.
    app.redeem(&early).await.expect_oauth(400, "invalid_grant");
    let dead = app.userinfo(&tokens["access_token"]).await;
    dead.expect_oauth(401, "invalid_token");
}

async fn a_code_is_its_clients(portal: TestApp) {
    let app = App::of(&portal).await;
    let thief = App::defined_as(&portal, new_client("other")).await;
    let mut browser = browser_of_ann(&portal).await;
    let code = app.code(&mut browser).await;
    thief.redeem(&code).await.expect_oauth(400, "invalid_grant");
    let tokens = app.redeem(&code).await.expect(200).json();
    thief.redeem(&code).await.expect_oauth(400, "invalid_grant");
    app.userinfo(&tokens["access_token"]).await.expect(200);
}

async fn a_changed_code_is_none(portal: TestApp) {
    let app = App::of(&portal).await;
    let mut browser = browser_of_ann(&portal).await;
    let code = app.code(&mut browser).await;
    for at in (0..code.len()).step_by(29) {
        let mut changed = code.clone().into_bytes();
        changed[at] = if changed[at] == b'x' { b'y' } else { b'x' };
        let changed = String::from_utf8(changed).unwrap();
        app.redeem(&changed)
            .await
            .expect_oauth(400, "invalid_grant");
    }
    for none in ["x", &code[1..], &format!("{code}AAAA"), &"A".repeat(5000)] {
        app.redeem(none).await.expect_oauth(400, "invalid_grant");
    }
    app.redeem(&code).await.expect(200);
}

async fn a_code_is_claimed_by_its_request_alone(portal: TestApp) {
    let app = App::of(&portal).await;
    let mut browser = browser_of_ann(&portal).await;
    let other = VERIFIER.replace('a', "b");
    let (short, long) = (&VERIFIER[..42], "v".repeat(129));
    let wrong: [(Option<&str>, Option<&str>); 7] = [
        (None, Some(VERIFIER)),
        (Some("https://app.example.net/other"), Some(VERIFIER)),
        (Some(CALLBACK), None),
        (Some(CALLBACK), Some(&other)),
        (Some(CALLBACK), Some(short)),
        (Some(CALLBACK), Some(&long)),
        (Some(CALLBACK), Some("ä")),
    ];
    for (redirect_uri, verifier) in wrong {
        let code = app.code(&mut browser).await;
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
        ];
        fields.extend(redirect_uri.map(|uri| ("redirect_uri", uri)));
        fields.extend(verifier.map(|verifier| ("code_verifier", verifier)));
        app.ask(&fields).await.expect_oauth(400, "invalid_grant");
        // It was tried, and is spent.
        app.redeem(&code).await.expect_oauth(400, "invalid_grant");
    }
    let call = portal.at(Method::POST, "/oauth2/token");
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", "unknown"),
    ];
    call.form(&fields).await.expect_oauth(400, "invalid_client");
}

async fn codes_of_one_session_are_limited(portal: TestApp) {
    let app = App::of(&portal).await;
    let mut browser = browser_of_ann(&portal).await;
    for _ in 0..120 {
        app.tokens(&mut browser).await;
    }
    let code = app.code(&mut browser).await;
    let limited = app.redeem(&code).await;
    assert_eq!(limited.retry_after(), 30);
    limited.expect_oauth(429, "temporarily_unavailable");
    // Nothing was done: the same code works later.
    portal.advance(Duration::seconds(30));
    app.redeem(&code).await.expect(200);
}
