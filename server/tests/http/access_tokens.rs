//! Access tokens that an attacker made, found or kept.
//!
//! The test holds the master key and so the signing key: what
//! it signs differs from a good token in one thing alone.

mod forge;

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::Method;
use serde_json::{Value, json};
use time::Duration;
use vestibule_core::ports::Clock as _;

use crate::support::{PUBLIC_URL, TestApp, on_any_database};

use forge::{Forge, encode};

on_any_database! {
    a_token_with_the_right_header_and_claims_is_good,
    no_other_algorithm_is_taken,
    the_public_key_is_no_shared_secret,
    a_changed_signature_is_none,
    a_token_of_another_type_is_none,
    a_key_is_never_taken_from_the_token,
    each_claim_is_checked,
    a_time_of_the_wrong_type_is_none,
    a_token_opens_only_its_own_session,
    text_that_is_no_token_is_refused,
}

async fn a_token_with_the_right_header_and_claims_is_good(app: TestApp) {
    let forge = Forge::new(app).await;
    assert!(
        forge
            .app
            .accepts(&forge.sign(&forge.header, &forge.claims))
            .await
    );
}

async fn no_other_algorithm_is_taken(app: TestApp) {
    let forge = Forge::new(app).await;
    let claims = forge.claims.to_string();
    for algorithm in ["none", "None", "NONE", "nOnE", ""] {
        let header = json!({ "alg": algorithm, "typ": "at+jwt", "kid": forge.header["kid"] });
        let unsigned = encode(&header, &claims, |_| Vec::new());
        forge.refuses(&unsigned, "unauthenticated", algorithm).await;
        forge
            .refuses(unsigned.trim_end_matches('.'), "unauthenticated", algorithm)
            .await;
        forge
            .refuses(
                &forge.with_header("alg", json!(algorithm)),
                "unauthenticated",
                algorithm,
            )
            .await;
    }
    for algorithm in [
        "HS256", "ES256", "RS256", "PS256", "ES384", "HS512", "eddsa",
    ] {
        forge
            .refuses(
                &forge.with_header("alg", json!(algorithm)),
                "unauthenticated",
                algorithm,
            )
            .await;
    }
}

async fn the_public_key_is_no_shared_secret(app: TestApp) {
    let forge = Forge::new(app).await;
    let keys = forge
        .app
        .at(Method::GET, "/.well-known/jwks.json")
        .await
        .json();
    let jwk = &keys["keys"][0];
    let raw = forge.key.public_key().as_ref().to_vec();
    // RFC 8410: the one prefix of every Ed25519 public key.
    let der = [hex("302a300506032b6570032100"), raw.clone()].concat();
    let pem = format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        STANDARD.encode(&der)
    );
    let secrets = [
        ("the key's bytes", raw),
        (
            "its text in the key set",
            jwk["x"].as_str().unwrap().as_bytes().to_vec(),
        ),
        ("its JWK", jwk.to_string().into_bytes()),
        ("the key set", keys.to_string().into_bytes()),
        ("its DER form", der),
        ("its PEM form", pem.into_bytes()),
        ("nothing", Vec::new()),
    ];
    for (what, secret) in secrets {
        for (name, algorithm) in [("HS256", hmac::HMAC_SHA256), ("HS512", hmac::HMAC_SHA512)] {
            let key = hmac::Key::new(algorithm, &secret);
            let sign = |message: &[u8]| hmac::sign(&key, message).as_ref().to_vec();
            for header in [
                json!({ "alg": name, "typ": "at+jwt", "kid": forge.header["kid"] }),
                json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": forge.header["kid"] }),
                json!({ "alg": name, "typ": "at+jwt" }),
            ] {
                forge
                    .refuses(
                        &encode(&header, &forge.claims.to_string(), sign),
                        "unauthenticated",
                        what,
                    )
                    .await;
            }
        }
    }
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

async fn a_changed_signature_is_none(app: TestApp) {
    let forge = Forge::new(app).await;
    let (message, signature) = forge.user.access_token.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    for bit in [0, 1, 100, 255, 256, 300, 511] {
        let mut flipped = signature.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(flipped));
        forge
            .refuses(&token, "unauthenticated", &format!("bit {bit}"))
            .await;
    }
    for length in [0, 1, 63] {
        let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(&signature[..length]));
        forge
            .refuses(&token, "unauthenticated", &format!("{length} bytes"))
            .await;
    }
    // The claims of one token under the signature of another.
    let other = forge.app.sign_in("ann@example.org").await;
    let (_, other_signature) = other.access_token.rsplit_once('.').unwrap();
    forge
        .refuses(
            &format!("{message}.{other_signature}"),
            "unauthenticated",
            "another's signature",
        )
        .await;
}

async fn a_token_of_another_type_is_none(app: TestApp) {
    let forge = Forge::new(app).await;
    for typ in [
        json!("JWT"),
        json!("logout+jwt"),
        json!("id_token"),
        json!(""),
        json!(null),
        json!(["at+jwt"]),
    ] {
        forge
            .refuses(
                &forge.with_header("typ", typ.clone()),
                "unauthenticated",
                &typ.to_string(),
            )
            .await;
    }
    let mut header = forge.header.clone();
    header.as_object_mut().unwrap().remove("typ");
    forge
        .refuses(
            &forge.sign(&header, &forge.claims),
            "unauthenticated",
            "no type",
        )
        .await;
    for token_type in ["refresh", "verify_email", "reset_password", ""] {
        forge
            .refuses(
                &forge.with_claim("token_type", json!(token_type)),
                "unauthenticated",
                token_type,
            )
            .await;
    }
}

async fn a_key_is_never_taken_from_the_token(app: TestApp) {
    let forge = Forge::new(app).await;
    let own = Ed25519KeyPair::generate().unwrap();
    let x = URL_SAFE_NO_PAD.encode(own.public_key().as_ref());
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "alg": "EdDSA" });
    let kids = [
        "",
        "other",
        "../../../dev/null",
        "' or 1=1 --",
        "\0",
        "http://127.0.0.1:1/",
    ];
    for kid in kids
        .map(Value::from)
        .into_iter()
        .chain([forge.header["kid"].clone(), Value::Null])
    {
        for extra in [
            json!({}),
            json!({ "jwk": jwk }),
            json!({ "jku": "http://127.0.0.1:1/jwks.json" }),
            json!({ "x5u": "http://127.0.0.1:1/" }),
        ] {
            let mut header = json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": kid });
            header
                .as_object_mut()
                .unwrap()
                .extend(extra.as_object().unwrap().clone());
            let token = encode(&header, &forge.claims.to_string(), |message| {
                own.sign(message).as_ref().to_vec()
            });
            forge
                .refuses(&token, "unauthenticated", &header.to_string())
                .await;
        }
        // A good signature under the name of another key.
        if kid != forge.header["kid"] {
            forge
                .refuses(
                    &forge.with_header("kid", kid.clone()),
                    "unauthenticated",
                    &kid.to_string(),
                )
                .await;
        }
        // Keys are looked up again for an unknown name, but not for each of them.
        forge.app.advance(Duration::seconds(11));
    }
}

const NEEDED_CLAIMS: [&str; 8] = [
    "iss",
    "aud",
    "sub",
    "exp",
    "nbf",
    "sid",
    "token_type",
    "user_id",
];

async fn each_claim_is_checked(app: TestApp) {
    let forge = Forge::new(app).await;
    let now = forge.app.clock.now().unix_timestamp();
    let other = "01936f00-0000-7000-8000-000000000001";
    for (name, value, code) in [
        ("exp", json!(now), "token_expired"),
        ("exp", json!(now - 1), "token_expired"),
        ("exp", json!(-1), "unauthenticated"),
        ("nbf", json!(now + 60), "unauthenticated"),
        ("iss", json!("https://evil.example"), "unauthenticated"),
        ("iss", json!(format!("{PUBLIC_URL}/")), "unauthenticated"),
        ("iss", json!("http://auth.example.org"), "unauthenticated"),
        ("aud", json!("https://other.example"), "unauthenticated"),
        (
            "aud",
            json!(format!("{PUBLIC_URL}.evil.example")),
            "unauthenticated",
        ),
        ("aud", json!(""), "unauthenticated"),
        ("aud", json!([]), "unauthenticated"),
        ("sub", json!(other), "unauthenticated"),
        ("user_id", json!(other), "unauthenticated"),
        ("sid", json!(other), "unauthenticated"),
        ("sid", json!("not-a-uuid"), "unauthenticated"),
        ("sub", json!(1), "unauthenticated"),
    ] {
        forge
            .refuses(
                &forge.with_claim(name, value.clone()),
                code,
                &format!("{name}: {value}"),
            )
            .await;
    }
    for name in NEEDED_CLAIMS {
        let mut claims = forge.claims.clone();
        claims.as_object_mut().unwrap().remove(name);
        let token = forge.sign(&forge.header, &claims);
        let about = format!("no {name}");
        forge.refuses(&token, "unauthenticated", &about).await;
    }
    // Clocks of replicas may differ a little.
    let early = forge.with_claim("nbf", json!(now + 20));
    assert!(forge.app.accepts(&early).await);
}

async fn a_time_of_the_wrong_type_is_none(app: TestApp) {
    let forge = Forge::new(app).await;
    let exp = forge.claims["exp"].to_string();
    for name in ["exp", "nbf"] {
        let current = format!("\"{name}\":{}", forge.claims[name]);
        for value in [
            format!("\"{exp}\""),
            "null".into(),
            "true".into(),
            "[]".into(),
            "{}".into(),
            "1e400".into(),
            "99999999999999999999".into(),
        ] {
            let claims = forge
                .claims
                .to_string()
                .replace(&current, &format!("\"{name}\":{value}"));
            assert_ne!(claims, forge.claims.to_string());
            let token = encode(&forge.header, &claims, |message| {
                forge.key.sign(message).as_ref().to_vec()
            });
            forge
                .refuses(&token, "unauthenticated", &format!("{name}: {value}"))
                .await;
        }
    }
}

async fn a_token_opens_only_its_own_session(app: TestApp) {
    let forge = Forge::new(app).await;
    let bob = forge.app.user("bob@example.org").await;
    let payload = bob.access_token.split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    forge
        .refuses(
            &forge.with_claim("sid", claims["sid"].clone()),
            "unauthenticated",
            "another user's session",
        )
        .await;
    forge
        .app
        .post("/logout")
        .bearer(&forge.user.access_token)
        .await
        .expect(204);
    forge
        .refuses(
            &forge.with_claim("jti", claims["jti"].clone()),
            "unauthenticated",
            "an ended session",
        )
        .await;
    assert!(forge.app.accepts(&bob.access_token).await);
}

async fn text_that_is_no_token_is_refused(app: TestApp) {
    let ann = app.user("ann@example.org").await;
    let token = &ann.access_token;
    let long = "x".repeat(100_000);
    let values: Vec<Vec<u8>> = vec![
        b"".to_vec(),
        b"Bearer".to_vec(),
        b"Bearer ".to_vec(),
        b"Bearer   ".to_vec(),
        b"Bearer x".to_vec(),
        b"Bearer ..".to_vec(),
        b"Bearer e30.e30.e30".to_vec(),
        b"Bearer \xff\xfe".to_vec(),
        "Bearer ü.ü.ü".as_bytes().to_vec(),
        format!("Basic {token}").into_bytes(),
        format!("Bearer{token}").into_bytes(),
        format!("Bearer\t{token}").into_bytes(),
        format!("Bearer \"{token}\"").into_bytes(),
        format!("Bearer {token}, Bearer {token}").into_bytes(),
        format!("Bearer {token}{token}").into_bytes(),
        format!("Bearer {token}.").into_bytes(),
        format!("Bearer {token}=").into_bytes(),
        format!("Bearer {long}").into_bytes(),
        format!("Bearer {long}.{long}.{long}").into_bytes(),
        token.clone().into_bytes(),
    ];
    for value in values {
        let answer = app.get("/me").header("authorization", &value).await;
        answer.expect_problem(401, "unauthenticated");
    }
    let twice = app.get("/me").bearer(token).bearer(token).await;
    twice.expect_problem(401, "unauthenticated");
    app.at(
        Method::GET,
        &format!("/api/v1/auth/me?access_token={token}"),
    )
    .await
    .expect_problem(401, "unauthenticated");
    let call = app.get("/me").cookies(&format!(
        "sid={token}; __Host-sid={token}; access_token={token}"
    ));
    call.await.expect_problem(401, "unauthenticated");
    assert!(app.accepts(token).await);
}
