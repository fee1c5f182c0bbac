//! `/.well-known/`

use http::Method;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::Value;
use vestibule::config::Config;

use crate::support::{PUBLIC_URL, TestApp, on_any_database};

on_any_database! {
    a_service_verifies_a_token_with_nothing_but_the_key_set,
    the_key_set_holds_public_keys_only,
    the_key_set_can_be_cached,
    a_script_of_any_page_reads_the_key_set,
    researchers_find_whom_to_notify with security_contacts,
    programs_that_ask_every_site_for_files_leave_no_events,
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
    // A verifier without leeway may have a clock that is behind.
    let before = claims["iat"].as_i64().unwrap() - claims["nbf"].as_i64().unwrap();
    assert_eq!(before, 30);
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
    let other = expect!(app.at(Method::GET, JWKS).header("if-none-match", "\"other\"") => 200);
    assert_eq!(other.body, first.body);
    let head = app.at(Method::HEAD, JWKS).await.expect(200);
    assert_eq!((head.header("etag"), head.body.len()), (tag.as_str(), 0));
}

async fn a_script_of_any_page_reads_the_key_set(app: TestApp) {
    let tag = app.at(Method::GET, JWKS).await.header("etag").to_owned();
    for (if_none_match, status) in [("", 200), (tag.as_str(), 304)] {
        let call = app
            .at(Method::GET, JWKS)
            .header("origin", "https://anybody.example");
        let answer = expect!(call.header("if-none-match", if_none_match) => status);
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert_eq!(
            answer.header("cross-origin-resource-policy"),
            "cross-origin"
        );
    }
}

fn security_contacts(config: &mut Config) {
    let contacts = [
        "mailto:security@example.org",
        "https://example.org/security",
    ];
    config.http.security_contacts = contacts.map(str::to_owned).into();
}

async fn researchers_find_whom_to_notify(app: TestApp) {
    let answer = app.at(Method::GET, "/.well-known/security.txt").await;
    let answer = answer.expect(200);
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    let expected = "Contact: mailto:security@example.org\n\
                    Contact: https://example.org/security\n\
                    Expires: 2027-05-23T00:00:00Z\n\
                    Preferred-Languages: en, de\n\
                    Canonical: https://auth.example.org/.well-known/security.txt\n";
    assert_eq!(answer.text(), expected);
    app.advance(time::Duration::days(1));
    let later = app.at(Method::GET, "/.well-known/security.txt").await;
    assert!(later.text().contains("Expires: 2027-05-24T00:00:00Z"));
}

async fn programs_that_ask_every_site_for_files_leave_no_events(app: TestApp) {
    let robots = app.at(Method::GET, "/robots.txt").await.expect(200);
    assert_eq!(robots.text(), "User-agent: *\nDisallow: /\n");
    let icon = app.at(Method::GET, "/favicon.ico").await.expect(200);
    assert_eq!(icon.header("content-type"), "image/svg+xml");
    assert!(
        icon.text()
            .starts_with("<svg xmlns='http://www.w3.org/2000/svg'")
    );
    assert!(
        icon.header("content-security-policy")
            .starts_with("sandbox;")
    );
    for answer in [&robots, &icon] {
        assert_eq!(answer.header("cache-control"), "public, max-age=86400");
    }
    let security = app.at(Method::GET, "/.well-known/security.txt").await;
    security.expect_problem(404, "not_found");
    app.write_deferred().await;
    assert_eq!(app.count("audit_logs").await, "0");
}

async fn password_managers_find_the_page_to_change_a_password(app: TestApp) {
    let answer = expect!(app.at(Method::GET, "/.well-known/change-password") => 302);
    assert_eq!(answer.header("location"), "/account/password");
    // Password managers try this one, to distinguish a real answer
    // from a site that answers 200 to everything.
    let probe = app
        .at(
            Method::GET,
            "/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200",
        )
        .await;
    probe.expect_problem(404, "not_found");
}
