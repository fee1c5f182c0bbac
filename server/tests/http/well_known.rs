//! `/.well-known/`

use http::Method;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::Value;

use crate::support::{PUBLIC_URL, TestApp, on_any_database};

on_any_database! {
    a_service_verifies_a_token_with_nothing_but_the_key_set,
    the_key_set_holds_public_keys_only,
    the_key_set_can_be_cached,
    password_managers_find_the_page_to_change_a_password,
}

const JWKS: &str = "/.well-known/jwks.json";

async fn a_service_verifies_a_token_with_nothing_but_the_key_set(app: TestApp) {
    let ann = app.user("ann@example.org").await;
    let keys: JwkSet =
        serde_json::from_slice(&app.at(Method::GET, JWKS).await.expect(200).body).unwrap();
    let header = jsonwebtoken::decode_header(&ann.access_token).unwrap();
    assert_eq!(
        (header.alg, header.typ.as_deref()),
        (Algorithm::EdDSA, Some("at+jwt"))
    );
    let key = DecodingKey::from_jwk(keys.find(&header.kid.unwrap()).unwrap()).unwrap();
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_issuer(&[PUBLIC_URL]);
    validation.set_audience(&[PUBLIC_URL]);
    // The token is from the morning of the test's clock.
    validation.validate_exp = false;
    let claims = jsonwebtoken::decode::<Value>(&ann.access_token, &key, &validation)
        .unwrap()
        .claims;
    assert_eq!(
        (&claims["sub"], &claims["user_id"]),
        (&ann.id.to_string().into(), &ann.id.to_string().into())
    );
    assert_eq!(claims["token_type"], "access");
    assert_eq!(
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
        900
    );
    assert_eq!(claims["nbf"], claims["iat"]);
    let names: Vec<&String> = claims.as_object().unwrap().keys().collect();
    assert_eq!(
        names,
        [
            "aud",
            "exp",
            "iat",
            "iss",
            "jti",
            "nbf",
            "sid",
            "sub",
            "token_type",
            "user_id"
        ]
    );
}

async fn the_key_set_holds_public_keys_only(app: TestApp) {
    let answer = app.at(Method::GET, JWKS).await.expect(200);
    assert_eq!(answer.header("content-type"), "application/jwk-set+json");
    let body = answer.json();
    let keys = body["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 1);
    let names: Vec<&String> = keys[0].as_object().unwrap().keys().collect();
    assert_eq!(names, ["alg", "crv", "kid", "kty", "use", "x"]);
    let values = ["alg", "crv", "kty", "use"].map(|name| keys[0][name].as_str().unwrap());
    assert_eq!(values, ["EdDSA", "Ed25519", "OKP", "sig"]);
}

async fn the_key_set_can_be_cached(app: TestApp) {
    let first = app.at(Method::GET, JWKS).await.expect(200);
    assert_eq!(first.header("cache-control"), "public, max-age=300");
    let tag = first.header("etag").to_owned();
    for if_none_match in [
        tag.clone(),
        format!("W/{tag}"),
        format!("\"other\", {tag}"),
        "*".to_owned(),
    ] {
        let answer = app
            .at(Method::GET, JWKS)
            .header("if-none-match", &if_none_match)
            .await
            .expect(304);
        assert!(answer.body.is_empty());
        assert_eq!(
            (answer.header("etag"), answer.header("cache-control")),
            (tag.as_str(), "public, max-age=300")
        );
    }
    let other = app
        .at(Method::GET, JWKS)
        .header("if-none-match", "\"other\"")
        .await
        .expect(200);
    assert_eq!(other.body, first.body);
    let head = app.at(Method::HEAD, JWKS).await.expect(200);
    assert_eq!((head.header("etag"), head.body.len()), (tag.as_str(), 0));
}

async fn password_managers_find_the_page_to_change_a_password(app: TestApp) {
    let answer = app
        .at(Method::GET, "/.well-known/change-password")
        .await
        .expect(302);
    assert_eq!(answer.header("location"), "/account/password");
    // Password managers try this one, to tell a real answer from a site that answers 200 to everything.
    let probe = app
        .at(
            Method::GET,
            "/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200",
        )
        .await;
    probe.expect_problem(404, "not_found");
}
