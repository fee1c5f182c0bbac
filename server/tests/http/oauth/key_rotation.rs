//! The key of ID tokens is rotated while apps refresh, and verify what they get.

use http::Method;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::Value;
use time::{Duration, OffsetDateTime};
use vestibule_core::model::IdTokenAlgorithm;
use vestibule_core::ports::Clock as _;
use vestibule_core::{KeyRotation, MasterKey, SystemRandom, rotate_signing_key};

use super::App;
use super::client::{browser_of_ann, parameter};
use crate::support::{MASTER_KEY, PUBLIC_URL, TestApp, on_replicas};

on_replicas! { 2;
    no_app_notices_a_planned_rotation,
}

/// A library that keeps the set for as long as its headers say.
struct Verifier {
    keys: JwkSet,
    fetched_at: OffsetDateTime,
    life: Duration,
}

impl Verifier {
    async fn new(portal: &TestApp) -> Self {
        let answer = portal.at(Method::GET, "/oauth2/jwks.json").await;
        let answer = answer.expect(200);
        let kept_for = answer.header("cache-control").split_once("max-age=");
        Self {
            keys: serde_json::from_slice(&answer.body).unwrap(),
            fetched_at: portal.clock.now(),
            life: Duration::seconds(kept_for.unwrap().1.parse().unwrap()),
        }
    }

    async fn verify(&mut self, portal: &TestApp, token: &str) {
        if portal.clock.now() - self.fetched_at >= self.life {
            *self = Self::new(portal).await;
        }
        let kid = kid(token);
        let key = self.keys.find(&kid);
        let key = key.unwrap_or_else(|| panic!("{kid} is not known"));
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_issuer(&[PUBLIC_URL]);
        validation.set_audience(&["grafana"]);
        // The test's clock is not the machine's.
        validation.validate_exp = false;
        let key = DecodingKey::from_jwk(key).unwrap();
        jsonwebtoken::decode::<Value>(token, &key, &validation).unwrap();
    }
}

fn kid(token: &str) -> String {
    jsonwebtoken::decode_header(token).unwrap().kid.unwrap()
}

async fn published(portal: &TestApp, path: &str) -> Vec<String> {
    let set = portal.at(Method::GET, path).await.expect(200);
    let set: JwkSet = serde_json::from_slice(&set.body).unwrap();
    let ids = set.keys.into_iter().map(|key| key.common.key_id);
    ids.map(Option::unwrap).collect()
}

const APPS: &str = "/oauth2/jwks.json";
const PORTAL: &str = "/.well-known/jwks.json";

async fn no_app_notices_a_planned_rotation(portal: TestApp) {
    let app = App::of(&portal).await;
    portal.follow_app_keys().await;
    let mut browser = browser_of_ann(&portal).await;
    let mut newest = app.tokens(&mut browser).await;
    let oldest = newest["id_token"].as_str().unwrap().to_owned();
    // Verifiers that have fetched the set at every time there is.
    let mut verifiers = Vec::new();
    for _ in 0..6 {
        verifiers.push(Verifier::new(&portal).await);
        portal.advance(Duration::minutes(1));
    }
    let of_portal = published(&portal, PORTAL).await;
    let master = MasterKey::parse(MASTER_KEY).unwrap();
    let next = rotate_signing_key(
        &*portal.store,
        IdTokenAlgorithm::Rs256.keys(),
        (&master, &SystemRandom),
        portal.clock.now(),
        KeyRotation::Planned,
    );
    let next = next.await.unwrap().kid;
    let mut signed_by = Vec::new();
    for _ in 0..60 {
        portal.advance(Duration::minutes(1));
        portal.follow_app_keys().await;
        let refreshed = app.refresh(newest["refresh_token"].as_str().unwrap());
        newest = refreshed.await.expect(200).json();
        let id_token = newest["id_token"].as_str().unwrap();
        signed_by.push(kid(id_token));
        for verifier in &mut verifiers {
            verifier.verify(&portal, id_token).await;
            verifier.verify(&portal, &oldest).await;
        }
    }
    // Half an hour of the first key, then the next one.
    let first = kid(&oldest);
    let by_first = signed_by.iter().take_while(|kid| **kid == first).count();
    assert_eq!(by_first, 29);
    assert!(signed_by[by_first..].iter().all(|kid| *kid == next));
    app.userinfo(&newest["access_token"]).await.expect(200);
    // Neither are the portal's own tokens signed by another one.
    assert_eq!(published(&portal, PORTAL).await, of_portal);
    // What the first key signed still names the user.
    let hint = [("prompt", "none"), ("id_token_hint", oldest.as_str())];
    let url = app.authorize(&mut browser, &hint).await;
    assert!(parameter(&url, "code").is_some(), "{url}");
    // For as long as an ID token may live at most.
    portal.advance(Duration::hours(23));
    let both = published(&portal, APPS).await;
    assert_eq!(both, [next.as_str(), first.as_str()]);
    portal.advance(Duration::hours(1));
    assert_eq!(published(&portal, APPS).await, [next]);
}
