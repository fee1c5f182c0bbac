//! The way from an app to the portal and back, with nothing in between.

use super::App;
use super::client::{CALLBACK, browser_of_ann, claims, parameter};
use crate::support::{Browser, PUBLIC_URL, TestApp, on_replicas};

on_replicas! { 2;
    who_is_signed_in_comes_back_with_a_code,
    who_is_not_signs_in_first,
}

async fn who_is_signed_in_comes_back_with_a_code(portal: TestApp) {
    let app = App::of(&portal).await;
    let mut browser = browser_of_ann(&portal).await;
    let url = app.authorize(&mut browser, &[]).await;
    assert!(url.starts_with(&format!("{CALLBACK}?code=")), "{url}");
    assert_eq!(parameter(&url, "state").as_deref(), Some("a state & more"));
    assert_eq!(parameter(&url, "iss").as_deref(), Some(PUBLIC_URL));
    let code = parameter(&url, "code").unwrap();
    let tokens = app.redeem(&code).await.expect(200).json();
    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(tokens["expires_in"], 900);
    assert_eq!(tokens["scope"], "openid profile email");
    app.redeem("no code")
        .await
        .expect_oauth(400, "invalid_grant");
    let id_token = claims(&tokens["id_token"]);
    assert_eq!(id_token["aud"], app.client_id);
    assert_eq!(id_token["nonce"], "n-0S6_WzA2Mj");
    let info = app.userinfo(&tokens["access_token"]).await.expect(200);
    assert_eq!(info.json()["sub"], id_token["sub"]);
    assert_eq!(info.json()["email"], "ann@example.org");
    let refreshed = app.refresh(tokens["refresh_token"].as_str().unwrap()).await;
    let refreshed = refreshed.expect(200).json();
    assert_ne!(refreshed["refresh_token"], tokens["refresh_token"]);
    app.userinfo(&refreshed["access_token"]).await.expect(200);
}

async fn who_is_not_signs_in_first(portal: TestApp) {
    let app = App::of(&portal).await;
    let mut browser = Browser::new(&portal);
    let to = app.authorize(&mut browser, &[]).await;
    assert!(to.starts_with("/oauth2/resume?flow="), "{to}");
}
