//! What a client's settings decide about its tokens, and what tokens say of each other.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Method;
use serde_json::{Value, json};
use time::Duration;
use vestibule_core::model::{Access, ClientSettings, ClientSource, IdTokenAlgorithm};
use vestibule_core::ports::Clock as _;
use vestibule_core::{GivenSecret, NewClient, SystemRandom, hash_token, sync_config_clients};

use super::App;
use super::client::{browser_of, browser_of_ann, claims, new_client, parameter};
use crate::support::{TestApp, on_any_database};

on_any_database! {
    tokens_live_as_long_as_the_client_says,
    an_id_token_names_its_access_token,
    an_access_token_is_taken_in_one_place_at_a_time,
    an_address_that_is_taken_out_of_the_list_gets_nothing_more,
    a_client_that_is_taken_out_of_the_file_has_nothing,
}

const SECRET: &str = "a-secret-that-the-operator-has-chosen";

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

async fn tokens_live_as_long_as_the_client_says(portal: TestApp) {
    let new = new_client("grafana");
    let settings = ClientSettings {
        access_token_life: 600,
        id_token_life: 86_400,
        ..new.settings
    };
    let app = App::defined_as(&portal, NewClient { settings, ..new }).await;
    let mut browser = browser_of_ann(&portal).await;
    let first = app.tokens(&mut browser).await;
    portal.advance(Duration::minutes(1));
    let second = app.refresh(text(&first["refresh_token"])).await;
    let second = second.expect(200).json();
    for tokens in [&first, &second] {
        assert_eq!(tokens["expires_in"], 600);
        for (token, life) in [("access_token", 600), ("id_token", 86_400)] {
            let claims = claims(&tokens[token]);
            let [from, to] = ["iat", "exp"].map(|name| claims[name].as_i64().unwrap());
            assert_eq!(to - from, life, "{token}");
        }
    }
    let is_good = async |tokens: &Value| {
        let answer = app.userinfo(&tokens["access_token"]).await;
        answer.status == 200
    };
    // The first one has 540 seconds left, and the second one 600.
    portal.advance(Duration::seconds(539));
    assert!(is_good(&first).await && is_good(&second).await);
    portal.advance(Duration::seconds(1));
    assert!(!is_good(&first).await && is_good(&second).await);
    portal.advance(Duration::minutes(1));
    assert!(!is_good(&second).await);
}

async fn an_id_token_names_its_access_token(portal: TestApp) {
    let mut browser = browser_of_ann(&portal).await;
    for algorithm in [
        IdTokenAlgorithm::Rs256,
        IdTokenAlgorithm::Es256,
        IdTokenAlgorithm::EdDsa,
    ] {
        let new = new_client(&algorithm.as_str().to_lowercase());
        let settings = ClientSettings {
            algorithm,
            ..new.settings
        };
        let app = App::defined_as(&portal, NewClient { settings, ..new }).await;
        portal.advance(Duration::seconds(10));
        let first = app.tokens(&mut browser).await;
        let second = app.refresh(text(&first["refresh_token"])).await;
        for tokens in [first, second.expect(200).json()] {
            // The left half of the hash; none with EdDSA, whose hash libraries do not know.
            let hash = hash_token(text(&tokens["access_token"]));
            let hash = URL_SAFE_NO_PAD.decode(hash).unwrap();
            let half = URL_SAFE_NO_PAD.encode(&hash[..16]);
            let half = (algorithm != IdTokenAlgorithm::EdDsa).then(|| json!(half));
            let id_token = claims(&tokens["id_token"]);
            assert_eq!(id_token.get("at_hash"), half.as_ref());
            assert_eq!(id_token["sid"], claims(&tokens["access_token"])["sid"]);
        }
    }
}

async fn an_access_token_is_taken_in_one_place_at_a_time(portal: TestApp) {
    let app = App::of(&portal).await;
    let mut browser = browser_of_ann(&portal).await;
    let tokens = app.tokens(&mut browser).await;
    let token = text(&tokens["access_token"]);
    let (path, fields) = ("/oauth2/userinfo", [("access_token", token)]);
    let post = || portal.at(Method::POST, path);
    let get = |path: &str| portal.at(Method::GET, path);
    let info = get(path).bearer(token).await.expect(200).json();
    for call in [
        post().bearer(token),
        post().form(&fields),
        get(path).header("authorization", format!("bearer {token}")),
    ] {
        assert_eq!(call.await.expect(200).json(), info);
    }
    for call in [
        get(path),
        get(&format!("{path}?access_token={token}")),
        get(path).header("authorization", app.basic()),
        get(path).bearer(token).bearer(token),
        post().form(&fields).bearer(token),
        post().json(&json!({ "access_token": token })),
    ] {
        let refused = call.await;
        let challenge = refused.header("www-authenticate");
        assert!(challenge.starts_with("Bearer "), "{refused:?}");
        refused.expect_oauth(401, "invalid_token");
    }
}

/// As the settings file has it: for these addresses alone.
fn for_some(addresses: &[&str]) -> NewClient {
    let new = new_client("grafana");
    let access = Access {
        addresses: addresses.iter().map(|one| (*one).to_owned()).collect(),
        domains: Vec::new(),
    };
    NewClient {
        source: ClientSource::Config,
        settings: ClientSettings {
            access,
            ..new.settings
        },
        secret: GivenSecret::Text(SECRET.into()),
        ..new
    }
}

/// What the settings file has is in the database, and has been read from there.
async fn sync(portal: &TestApp, wanted: &[NewClient]) {
    let now = portal.clock.now();
    let synced = sync_config_clients(&*portal.store, &SystemRandom, now, wanted).await;
    synced.unwrap();
    portal.advance(Duration::seconds(5));
}

async fn app_of_file(portal: &TestApp, addresses: &[&str]) -> App {
    let app = App::defined_as(portal, for_some(addresses)).await;
    App {
        secret: Some(SECRET.to_owned()),
        ..app
    }
}

async fn an_address_that_is_taken_out_of_the_list_gets_nothing_more(portal: TestApp) {
    let both = ["ann@example.org", "bob@example.org"];
    let app = app_of_file(&portal, &both).await;
    let mut ann = browser_of_ann(&portal).await;
    let mut bob = browser_of(&portal, "bob@example.org").await;
    let of_ann = app.tokens(&mut ann).await;
    let of_bob = app.tokens(&mut bob).await;
    let code = app.code(&mut ann).await;
    sync(&portal, &[for_some(&["bob@example.org"])]).await;
    let refused = app.userinfo(&of_ann["access_token"]).await;
    refused.expect_oauth(401, "invalid_token");
    let refused = app.refresh(text(&of_ann["refresh_token"])).await;
    refused.expect_oauth(400, "invalid_grant");
    app.redeem(&code).await.expect_oauth(400, "invalid_grant");
    // The client learns no more than that there is nothing to be had.
    let silent = [("prompt", "none")];
    let url = app.authorize(&mut ann, &silent).await;
    assert_eq!(parameter(&url, "error").as_deref(), Some("access_denied"));
    let reason = parameter(&url, "error_description");
    assert_eq!(reason.as_deref(), Some("The user said no."));
    app.userinfo(&of_bob["access_token"]).await.expect(200);
    let refreshed = app.refresh(text(&of_bob["refresh_token"])).await;
    refreshed.expect(200);
}

async fn a_client_that_is_taken_out_of_the_file_has_nothing(portal: TestApp) {
    let app = app_of_file(&portal, &["ann@example.org"]).await;
    let mut browser = browser_of_ann(&portal).await;
    let tokens = app.tokens(&mut browser).await;
    let refresh = async || app.refresh(text(&tokens["refresh_token"])).await;
    sync(&portal, &[]).await;
    let dead = app.userinfo(&tokens["access_token"]).await;
    dead.expect_oauth(401, "invalid_token");
    refresh().await.expect_oauth(401, "invalid_client");
    browser.open(&app.authorize_url(&[])).await.expect(400);
    // It comes back as one that nobody has signed in to.
    sync(&portal, &[for_some(&["ann@example.org"])]).await;
    let dead = app.userinfo(&tokens["access_token"]).await;
    dead.expect_oauth(401, "invalid_token");
    refresh().await.expect_oauth(400, "invalid_grant");
    app.tokens(&mut browser).await;
}
