//! What clients read about the provider: its metadata in two places, and its keys.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use http::{Method, Request};
use serde_json::{Value, json};
use time::Duration;
use tower::ServiceExt as _;
use vestibule::config::Config;
use vestibule_core::NewClient;
use vestibule_core::model::{ClientSettings, IdTokenAlgorithm};

use super::App;
use super::client::{CALLBACK, VERIFIER, browser_of_ann, claims, new_client, parameter};
use crate::support::{Browser, PUBLIC_URL, TestApp, location, on_any_database};

on_any_database! {
    the_metadata_says_what_the_provider_does,
    the_claims_that_are_listed_are_those_of_a_token,
    what_clients_read_can_be_cached,
    the_set_holds_public_keys_alone,
    each_answer_names_the_issuer_of_the_metadata,
    another_host_of_the_portal_changes_no_address with another_host,
    without_the_provider_there_is_none_of_it with without_apps,
}

const METADATA: [&str; 2] = [
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
];
const KEYS: &str = "/oauth2/jwks.json";
const OTHER_HOST: &str = "login.example.org";

fn another_host(config: &mut Config) {
    config.http.allowed_hosts.push(OTHER_HOST.to_owned());
}

fn without_apps(config: &mut Config) {
    config.oidc.enabled = false;
}

async fn metadata(portal: &TestApp) -> Value {
    let answer = portal.at(Method::GET, METADATA[0]).await;
    answer.expect(200).json()
}

async fn the_metadata_says_what_the_provider_does(portal: TestApp) {
    let mut said = metadata(&portal).await;
    said["claims_supported"].take();
    let at = |path: &str| format!("{PUBLIC_URL}/oauth2/{path}");
    let expected = json!({
        "issuer": PUBLIC_URL,
        "authorization_endpoint": at("authorize"),
        "token_endpoint": at("token"),
        "userinfo_endpoint": at("userinfo"),
        "jwks_uri": at("jwks.json"),
        "scopes_supported": ["openid", "profile", "email", "groups"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "fragment"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported":
            ["client_secret_basic", "client_secret_post", "none"],
        // Libraries refuse a provider without RS256, so it is there before any client is.
        "id_token_signing_alg_values_supported": ["RS256", "ES256", "EdDSA"],
        "subject_types_supported": ["public"],
        "claim_types_supported": ["normal"],
        "claims_supported": null,
        "claims_parameter_supported": false,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
        "prompt_values_supported": ["none", "login", "consent", "select_account", "create"],
        "acr_values_supported": ["aal1"],
        "authorization_response_iss_parameter_supported": true,
        "ui_locales_supported": ["en", "de"],
    });
    assert_eq!(said, expected);
    // There is something at each address.
    for (name, status) in [
        ("authorization_endpoint", 400),
        ("token_endpoint", 405),
        ("userinfo_endpoint", 401),
        ("jwks_uri", 200),
    ] {
        let url = said[name].as_str().unwrap();
        let path = url.strip_prefix(PUBLIC_URL).unwrap();
        portal.at(Method::GET, path).await.expect(status);
    }
}

async fn the_claims_that_are_listed_are_those_of_a_token(portal: TestApp) {
    let app = App::of(&portal).await;
    let mut browser = browser_of_ann(&portal).await;
    let name = "update users set last_name = 'Example'";
    portal.database.execute(name).await;
    let all = [("scope", "openid profile email groups")];
    let code = app.code_with(&mut browser, &all).await;
    let tokens = app.redeem(&code).await.expect(200).json();
    let id_token = claims(&tokens["id_token"]);
    assert_eq!(id_token["family_name"], "Example");
    assert_eq!(id_token["name"], "Ann Example");
    let mut names: BTreeSet<&str> = id_token
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    // It is the token's own, and nothing of the user.
    assert!(names.remove("jti"));
    let said = metadata(&portal).await;
    let listed = said["claims_supported"].as_array().unwrap().iter();
    let listed: BTreeSet<&str> = listed.map(|name| name.as_str().unwrap()).collect();
    assert_eq!(names, listed);
}

async fn what_clients_read_can_be_cached(portal: TestApp) {
    let mut bodies = Vec::new();
    for path in [METADATA[0], METADATA[1], KEYS] {
        let ask = |tag: &str| {
            let call = portal.at(Method::GET, path);
            call.header("if-none-match", tag)
        };
        let first = portal.at(Method::GET, path).await.expect(200);
        assert_eq!(first.header("cache-control"), "public, max-age=300");
        let tag = first.header("etag");
        let kept = ask(tag).await.expect(304);
        assert!(kept.body.is_empty(), "{path}");
        assert_eq!(kept.header("etag"), tag);
        assert_eq!(kept.header("cache-control"), "public, max-age=300");
        let other = ask("\"other\"").await.expect(200);
        assert_eq!(other.body, first.body);
        let head = portal.at(Method::HEAD, path).await.expect(200);
        assert_eq!((head.header("etag"), head.body.len()), (tag, 0));
        bodies.push((tag.to_owned(), first.body));
    }
    assert_eq!(bodies[0], bodies[1], "both documents are one");
    // Another set has another tag.
    App::of(&portal).await;
    portal.follow_app_keys().await;
    let call = portal.at(Method::GET, KEYS);
    let changed = call.header("if-none-match", &bodies[2].0).await.expect(200);
    assert_ne!(changed.header("etag"), bodies[2].0);
}

/// Nothing of a private key is in it, whatever kind it is of.
async fn the_set_holds_public_keys_alone(portal: TestApp) {
    for (algorithm, members) in [
        (IdTokenAlgorithm::Rs256, "alg e kid kty n use"),
        (IdTokenAlgorithm::Es256, "alg crv kid kty use x y"),
        (IdTokenAlgorithm::EdDsa, "alg crv kid kty use x"),
    ] {
        let new = new_client(&algorithm.as_str().to_lowercase());
        let settings = ClientSettings {
            algorithm,
            ..new.settings
        };
        App::defined_as(&portal, NewClient { settings, ..new }).await;
        portal.advance(Duration::seconds(10));
        portal.follow_app_keys().await;
        let set = portal.at(Method::GET, KEYS).await.expect(200);
        assert_eq!(set.header("content-type"), "application/jwk-set+json");
        let set = set.json();
        let mut keys = set["keys"].as_array().unwrap().iter();
        let key = keys.find(|key| key["alg"] == algorithm.as_str()).unwrap();
        let names: Vec<&str> = key
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(names.join(" "), members);
        assert_eq!(key["use"], "sig");
    }
}

async fn each_answer_names_the_issuer_of_the_metadata(portal: TestApp) {
    let app = App::of(&portal).await;
    let issuer = metadata(&portal).await["issuer"].clone();
    let mut ann = browser_of_ann(&portal).await;
    let mut nobody = Browser::new(&portal);
    let requests: [&[(&str, &str)]; 5] = [
        &[("prompt", "none")],
        &[("prompt", "none"), ("response_mode", "fragment")],
        &[("response_type", "token")],
        &[("response_type", "token"), ("response_mode", "fragment")],
        &[("prompt", "none"), ("max_age", "0")],
    ];
    for changes in requests {
        for browser in [&mut ann, &mut nobody] {
            let url = app.authorize(browser, changes).await;
            assert!(url.starts_with(CALLBACK), "{changes:?}: {url}");
            let url = url.replacen('#', "?", 1);
            assert_eq!(url.matches("iss=").count(), 1, "{url}");
            assert_eq!(parameter(&url, "iss").as_deref(), issuer.as_str());
        }
    }
}

async fn another_host_of_the_portal_changes_no_address(portal: TestApp) {
    let app = App::of(&portal).await;
    let mut browser = browser_of_ann(&portal).await;
    let here = metadata(&portal).await;
    for path in METADATA {
        let there = portal.at(Method::GET, path).host(OTHER_HOST).await;
        assert_eq!(there.expect(200).json(), here);
    }
    let url = app.authorize_url(&[("response_type", "token")]);
    let refused = portal.at(Method::GET, &url).host(OTHER_HOST).await;
    let iss = parameter(location(&refused), "iss");
    assert_eq!(iss.as_deref(), Some(PUBLIC_URL));
    let code = app.code(&mut browser).await;
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    let call = portal.at(Method::POST, "/oauth2/token").host(OTHER_HOST);
    let call = call.header("authorization", app.basic()).form(&fields);
    let tokens = call.await.expect(200).json();
    for token in ["id_token", "access_token"] {
        assert_eq!(claims(&tokens[token])["iss"], PUBLIC_URL, "{token}");
    }
    let access = claims(&tokens["access_token"]);
    assert_eq!(access["aud"], here["userinfo_endpoint"]);
    app.userinfo(&tokens["access_token"]).await.expect(200);
}

/// Past the check that the API's document names each answer: it describes a portal that has them.
async fn status(portal: &TestApp, method: &Method, path: &str) -> u16 {
    let peer = SocketAddr::from(([192, 0, 2, 1], 40_000));
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "auth.example.org")
        .extension(ConnectInfo(peer))
        .body(Body::empty())
        .unwrap();
    let router = portal.portal.public.clone();
    router.oneshot(request).await.unwrap().status().as_u16()
}

async fn without_the_provider_there_is_none_of_it(portal: TestApp) {
    // Clients from an earlier time are there, and are nobody.
    let app = App::of(&portal).await;
    let url = app.authorize_url(&[]);
    for (method, path) in [
        (Method::GET, METADATA[0]),
        (Method::GET, METADATA[1]),
        (Method::GET, KEYS),
        (Method::GET, url.as_str()),
        (Method::POST, "/oauth2/authorize"),
        (Method::POST, "/oauth2/token"),
        (Method::GET, "/oauth2/userinfo"),
    ] {
        let status = status(&portal, &method, path).await;
        assert_eq!(status, 404, "{method} {path}");
    }
    let own = "/.well-known/jwks.json";
    assert_eq!(status(&portal, &Method::GET, own).await, 200);
}
