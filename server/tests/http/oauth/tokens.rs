//! What a client has after a code, and what ends it.

use http::Method;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};
use time::Duration;
use vestibule_core::model::{ClientSettings, IdTokenAlgorithm};
use vestibule_core::ports::Clock as _;
use vestibule_core::{NewClient, SystemRandom, disable_client, enable_client};

use super::App;
use super::client::{VERIFIER, browser_of_ann, claims, make_keys, new_client};
use crate::support::{
    Browser, NEW_PASSWORD, PASSWORD, PUBLIC_URL, TestApp, on_replicas, sign_in, signed_in_browser,
};

on_replicas! { 2;
    id_tokens_verify_against_the_set,
    tokens_say_what_was_asked_for,
    fewer_scopes_give_fewer_claims,
    a_refresh_loses_nothing_and_a_thief_ends_it,
    a_refresh_token_is_its_clients,
    the_scope_cannot_grow,
    each_token_is_good_at_its_place_alone,
    what_ends_a_session_ends_those_of_its_apps,
    a_second_sign_in_keeps_the_apps_of_its_user,
    a_disabled_client_has_nothing,
    no_secret_is_in_the_audit_log,
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

async fn key_set(portal: &TestApp) -> JwkSet {
    let set = portal.at(Method::GET, "/oauth2/jwks.json").await;
    serde_json::from_slice(&set.expect(200).body).unwrap()
}

async fn with_algorithm(portal: &TestApp, algorithm: IdTokenAlgorithm) -> App {
    let new = new_client(&algorithm.as_str().to_lowercase());
    let settings = ClientSettings {
        algorithm,
        ..new.settings
    };
    App::defined_as(portal, NewClient { settings, ..new }).await
}

async fn id_tokens_verify_against_the_set(portal: TestApp) {
    assert!(key_set(&portal).await.keys.is_empty());
    let mut browser = browser_of_ann(&portal).await;
    for (number, (algorithm, expected)) in [
        (IdTokenAlgorithm::Rs256, Algorithm::RS256),
        (IdTokenAlgorithm::Es256, Algorithm::ES256),
        (IdTokenAlgorithm::EdDsa, Algorithm::EdDSA),
    ]
    .into_iter()
    .enumerate()
    {
        let app = with_algorithm(&portal, algorithm).await;
        make_keys(&portal).await;
        portal.advance(Duration::seconds(10));
        portal.follow_app_keys().await;
        let tokens = app.tokens(&mut browser).await;
        let set = key_set(&portal).await;
        // None of a kind that no client wants.
        assert_eq!(set.keys.len(), number + 1);
        let token = text(&tokens["id_token"]);
        let header = jsonwebtoken::decode_header(token).unwrap();
        assert_eq!(header.alg, expected);
        let key = set.find(&header.kid.unwrap()).unwrap();
        assert!(key.common.key_algorithm.is_some() && key.common.public_key_use.is_some());
        let mut validation = Validation::new(expected);
        validation.set_issuer(&[PUBLIC_URL]);
        validation.set_audience(&[&app.client_id]);
        validation.validate_exp = false;
        let key = DecodingKey::from_jwk(key).unwrap();
        jsonwebtoken::decode::<Value>(token, &key, &validation).unwrap();
        let has_hash = claims(&tokens["id_token"]).get("at_hash").is_some();
        assert_eq!(has_hash, algorithm != IdTokenAlgorithm::EdDsa);
        assert_eq!(
            app.refresh(text(&tokens["refresh_token"])).await.status,
            200
        );
    }
}

async fn tokens_say_what_was_asked_for(portal: TestApp) {
    let app = App::of(&portal).await;
    let mut browser = browser_of_ann(&portal).await;
    let all = [("scope", "openid profile email groups unknown")];
    let code = app.code_with(&mut browser, &all).await;
    let tokens = app.redeem(&code).await.expect(200).json();
    assert_eq!(tokens["scope"], "openid profile email groups");
    let now = portal.clock.now().unix_timestamp();
    let mut id_token = claims(&tokens["id_token"]);
    let access = claims(&tokens["access_token"]);
    for (name, value) in [
        ("iss", json!(PUBLIC_URL)),
        ("aud", json!("grafana")),
        ("iat", json!(now)),
        ("exp", json!(now + 3600)),
        ("auth_time", json!(now)),
        ("acr", json!("aal1")),
        ("amr", json!(["pwd"])),
        ("nonce", json!("n-0S6_WzA2Mj")),
        ("sid", access["sid"].clone()),
        ("sub", access["sub"].clone()),
    ] {
        assert_eq!(id_token[name], value, "{name}");
    }
    assert_eq!(access["aud"], format!("{PUBLIC_URL}/oauth2/userinfo"));
    assert_eq!(access["exp"], now + 900);
    assert!(access.get("user_id").is_none() && access.get("token_type").is_none());
    let info = app
        .userinfo(&tokens["access_token"])
        .await
        .expect(200)
        .json();
    let of_user = json!({
        "sub": access["sub"],
        "name": "Ann",
        "given_name": "Ann",
        "preferred_username": "ann@example.org",
        "locale": "en",
        "updated_at": info["updated_at"],
        "email": "ann@example.org",
        "email_verified": true,
        "groups": [],
    });
    assert_eq!(info, of_user);
    for (name, value) in of_user.as_object().unwrap() {
        assert_eq!(id_token[name].take(), *value, "{name}");
    }
}

async fn fewer_scopes_give_fewer_claims(portal: TestApp) {
    let app = App::of(&portal).await;
    let mut browser = browser_of_ann(&portal).await;
    let now = portal.clock.now().unix_timestamp();
    let only = [("scope", "openid"), ("nonce", "")];
    let code = app.code_with(&mut browser, &only).await;
    let tokens = app.redeem(&code).await.expect(200).json();
    let access = claims(&tokens["access_token"]);
    let info = app
        .userinfo(&tokens["access_token"])
        .await
        .expect(200)
        .json();
    assert_eq!(info, json!({ "sub": access["sub"] }));
    assert!(claims(&tokens["id_token"]).get("nonce").is_none());
    let refreshed = app
        .refresh(text(&tokens["refresh_token"]))
        .await
        .expect(200);
    let again = claims(&refreshed.json()["id_token"]);
    assert_eq!(
        (&again["sub"], &again["auth_time"]),
        (&access["sub"], &json!(now))
    );
    // Without openid there is no ID token, and no userinfo.
    let code = app.code_with(&mut browser, &[("scope", "email")]).await;
    let tokens = app.redeem(&code).await.expect(200).json();
    assert!(tokens.get("id_token").is_none());
    let refused = app.userinfo(&tokens["access_token"]).await;
    refused.expect_oauth(403, "insufficient_scope");
}

async fn a_refresh_loses_nothing_and_a_thief_ends_it(portal: TestApp) {
    let app = App::of(&portal).await;
    let mut browser = browser_of_ann(&portal).await;
    let (first, other) = (
        app.tokens(&mut browser).await,
        app.tokens(&mut browser).await,
    );
    let token = text(&first["refresh_token"]);
    let second = app.refresh(token).await.expect(200).json();
    // Whose answer was lost gets the same one.
    let again = app.refresh(token).await.expect(200).json();
    assert_eq!(again["refresh_token"], second["refresh_token"]);
    portal.advance(Duration::minutes(5));
    let fresh = app.refresh(token).await.expect(200).json();
    assert_ne!(fresh["refresh_token"], second["refresh_token"]);
    let third = app
        .refresh(text(&fresh["refresh_token"]))
        .await
        .expect(200)
        .json();
    app.userinfo(&third["access_token"]).await.expect(200);
    app.refresh(token).await.expect_oauth(400, "invalid_grant");
    let dead = app.userinfo(&third["access_token"]).await;
    dead.expect_oauth(401, "invalid_token");
    let dead = app.refresh(text(&third["refresh_token"])).await;
    dead.expect_oauth(400, "invalid_grant");
    gives!(portal.count("audit_logs where event_type = 'app_refresh_reused'") => "1");
    app.userinfo(&other["access_token"]).await.expect(200);
    browser.open("/account").await.expect(200);
    // Not used for a week.
    portal.advance(Duration::days(8));
    let late = app.refresh(text(&other["refresh_token"])).await;
    late.expect_oauth(400, "invalid_grant");
}

async fn a_refresh_token_is_its_clients(portal: TestApp) {
    let app = App::of(&portal).await;
    let thief = App::defined_as(&portal, new_client("other")).await;
    let mut browser = browser_of_ann(&portal).await;
    let tokens = app.tokens(&mut browser).await;
    let token = text(&tokens["refresh_token"]);
    thief
        .refresh(token)
        .await
        .expect_oauth(400, "invalid_grant");
    app.refresh(token).await.expect(200);
    portal.advance(Duration::minutes(5));
    thief
        .refresh(token)
        .await
        .expect_oauth(400, "invalid_grant");
    app.userinfo(&app.refresh(token).await.json()["access_token"])
        .await
        .expect(200);
}

async fn the_scope_cannot_grow(portal: TestApp) {
    let app = App::of(&portal).await;
    let mut browser = browser_of_ann(&portal).await;
    let code = app
        .code_with(&mut browser, &[("scope", "openid email")])
        .await;
    let tokens = app.redeem(&code).await.expect(200).json();
    let mut token = text(&tokens["refresh_token"]).to_owned();
    for (scope, granted) in [("openid", "openid"), ("openid email", "openid email")] {
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", &*token),
            ("scope", scope),
        ];
        let answer = app.ask(&fields).await.expect(200).json();
        assert_eq!(answer["scope"], granted);
        text(&answer["refresh_token"]).clone_into(&mut token);
    }
    for scope in ["openid profile", "unknown"] {
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", &*token),
            ("scope", scope),
        ];
        app.ask(&fields).await.expect_oauth(400, "invalid_scope");
    }
    app.refresh(&token).await.expect(200);
}

async fn each_token_is_good_at_its_place_alone(portal: TestApp) {
    let app = App::of(&portal).await;
    let mut browser = browser_of_ann(&portal).await;
    let code = app.code(&mut browser).await;
    let of_app = app.tokens(&mut browser).await;
    let of_portal = portal.sign_in("ann@example.org").await;
    let (access, refresh) = (
        text(&of_app["access_token"]),
        text(&of_app["refresh_token"]),
    );
    let id_token = text(&of_app["id_token"]);
    let (own_access, own_refresh) = (&of_portal.access_token, &of_portal.refresh_token);
    for token in [&code, refresh, id_token, own_access, own_refresh, "x"] {
        let refused = app.userinfo(&json!(token)).await;
        refused.expect_oauth(401, "invalid_token");
    }
    for token in [&code, access, refresh, id_token] {
        let refused = portal.get("/me").bearer(token).await;
        refused.expect_problem(401, "unauthenticated");
        let refused = portal.refresh(token).await;
        refused.expect_problem(401, "invalid_refresh_token");
    }
    for token in [&code, access, id_token, own_access, own_refresh] {
        app.refresh(token).await.expect_oauth(400, "invalid_grant");
    }
    for token in [access, refresh, id_token, own_access, own_refresh] {
        app.redeem(token).await.expect_oauth(400, "invalid_grant");
    }
    // Nothing has ended by that.
    app.refresh(refresh).await.expect(200);
    portal.refresh(own_refresh).await.expect(200);
    app.redeem(&code).await.expect(200);
    portal.read_mails().await;
}

async fn what_ends_a_session_ends_those_of_its_apps(portal: TestApp) {
    let app = App::of(&portal).await;
    let mut browser = browser_of_ann(&portal).await;
    let api = portal.sign_in("ann@example.org").await;
    let kept = {
        let mut other = signed_in_browser(&portal, "ann@example.org").await;
        app.tokens(&mut other).await
    };
    let is_dead = async |tokens: &Value| {
        let dead = app.userinfo(&tokens["access_token"]).await;
        dead.expect_oauth(401, "invalid_token");
        let dead = app.refresh(text(&tokens["refresh_token"])).await;
        dead.expect_oauth(400, "invalid_grant");
    };
    let tokens = app.tokens(&mut browser).await;
    browser.submit("sign_out", &[]).await.expect(303);
    is_dead(&tokens).await;
    app.userinfo(&kept["access_token"]).await.expect(200);
    let mut browser = signed_in_browser(&portal, "ann@example.org").await;
    let tokens = app.tokens(&mut browser).await;
    let fields = [
        ("current_password", PASSWORD),
        ("new_password", NEW_PASSWORD),
    ];
    browser.submit("change_password", &fields).await.expect(303);
    is_dead(&tokens).await;
    is_dead(&kept).await;
    let tokens = app.tokens(&mut browser).await;
    let api = {
        drop(api);
        portal.sign_in_with("ann@example.org", NEW_PASSWORD).await
    };
    portal.sign_out_all(&api, true).await.expect(204);
    is_dead(&tokens).await;
    let mut browser = Browser::new(&portal);
    sign_in(&mut browser, "ann@example.org", NEW_PASSWORD).await;
    let tokens = app.tokens(&mut browser).await;
    portal
        .delete_account_with(&api, NEW_PASSWORD)
        .await
        .expect(202);
    is_dead(&tokens).await;
    portal.read_mails().await;
}

/// A second tab signs nobody out of an app.
async fn a_second_sign_in_keeps_the_apps_of_its_user(portal: TestApp) {
    let app = App::of(&portal).await;
    let mut browser = browser_of_ann(&portal).await;
    let tokens = app.tokens(&mut browser).await;
    sign_in(&mut browser, "ann@example.org", PASSWORD).await;
    app.userinfo(&tokens["access_token"]).await.expect(200);
    let tokens = app
        .refresh(text(&tokens["refresh_token"]))
        .await
        .expect(200)
        .json();
    portal.user("bob@example.org").await;
    sign_in(&mut browser, "bob@example.org", PASSWORD).await;
    let dead = app.userinfo(&tokens["access_token"]).await;
    dead.expect_oauth(401, "invalid_token");
    portal.read_mails().await;
}

async fn a_disabled_client_has_nothing(portal: TestApp) {
    let app = App::of(&portal).await;
    let mut browser = browser_of_ann(&portal).await;
    let tokens = app.tokens(&mut browser).await;
    let (store, now) = (&*portal.store, portal.clock.now());
    disable_client(store, &SystemRandom, now, "grafana")
        .await
        .unwrap();
    let dead = app.userinfo(&tokens["access_token"]).await;
    dead.expect_oauth(401, "invalid_token");
    portal.advance(Duration::seconds(5));
    let dead = app.refresh(text(&tokens["refresh_token"])).await;
    dead.expect_oauth(401, "invalid_client");
    // What has ended stays so.
    enable_client(store, &SystemRandom, now, "grafana")
        .await
        .unwrap();
    portal.advance(Duration::seconds(5));
    let dead = app.refresh(text(&tokens["refresh_token"])).await;
    dead.expect_oauth(400, "invalid_grant");
    app.tokens(&mut browser).await;
}

async fn no_secret_is_in_the_audit_log(portal: TestApp) {
    let app = App::of(&portal).await;
    let mut browser = browser_of_ann(&portal).await;
    let code = app.code(&mut browser).await;
    let tokens = app.redeem(&code).await.expect(200).json();
    app.redeem(&code).await.expect(400);
    app.refresh(text(&tokens["refresh_token"]))
        .await
        .expect(400);
    let rows = "details || coalesce(actor_id, '') || coalesce(client_id, '')";
    let rows = if portal.database.is_postgres() {
        format!("string_agg({rows}, ' ')")
    } else {
        format!("group_concat({rows}, ' ')")
    };
    let log = portal.text(&format!("select {rows} from audit_logs")).await;
    assert!(log.contains("grafana"), "{log}");
    let secret = app.secret.as_deref().unwrap();
    for secret in [
        &code,
        secret,
        text(&tokens["refresh_token"]),
        text(&tokens["access_token"]),
        VERIFIER,
        "a state & more",
    ] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}
