//! The signing key is rotated while users are signed in and services verify tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Method;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};
use vestibule_core::model::{KeyKind, SigningKey};
use vestibule_core::ports::Clock as _;
use vestibule_core::{
    KeyRotation, KeyRotationError, MasterKey, Removed, Retention, SystemRandom, rotate_signing_key,
};

use crate::support::{MASTER_KEY, PUBLIC_URL, TestApp, in_parallel, on_replicas};

on_replicas! { 2;
    nobody_notices_a_planned_rotation,
    the_key_that_signs_stands_first_in_the_set,
    a_client_that_slept_through_rotations_refreshes,
    in_an_emergency_what_the_old_key_signed_is_void_after_a_minute,
    of_parallel_rotations_one_is_done,
    a_key_that_waits_keeps_no_emergency_waiting,
    another_master_key_rotates_nothing,
}

/// At least as often the worker of each replica loads the keys.
const RELOAD_INTERVAL: Duration = Duration::seconds(20);

async fn rotate(app: &TestApp, rotation: KeyRotation) -> Result<SigningKey, KeyRotationError> {
    let master = MasterKey::parse(MASTER_KEY).unwrap();
    rotate_signing_key(
        &*app.store,
        KeyKind::PORTAL,
        (&master, &SystemRandom),
        app.clock.now(),
        rotation,
    )
    .await
}

/// A service that keeps the key set for as long as its headers say, and does nothing else.
struct Verifier {
    keys: JwkSet,
    fetched_at: OffsetDateTime,
    life: Duration,
}

impl Verifier {
    async fn new(app: &TestApp) -> Self {
        let answer = expect!(app.at(Method::GET, "/.well-known/jwks.json") => 200);
        let (_, seconds) = answer
            .header("cache-control")
            .split_once("max-age=")
            .unwrap();
        Self {
            keys: serde_json::from_slice(&answer.body).unwrap(),
            fetched_at: app.clock.now(),
            life: Duration::seconds(seconds.parse().unwrap()),
        }
    }

    async fn verify(&mut self, app: &TestApp, token: &str) -> Result<(), String> {
        if app.clock.now() - self.fetched_at >= self.life {
            *self = Self::new(app).await;
        }
        let kid = kid(token);
        let key = self.keys.find(&kid).ok_or(format!("{kid} is not known"))?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_audience(&[PUBLIC_URL]);
        // The test's clock is not the machine's.
        validation.validate_exp = false;
        let key = DecodingKey::from_jwk(key).unwrap();
        let verified = jsonwebtoken::decode::<Value>(token, &key, &validation);
        verified.map(drop).map_err(|error| error.to_string())
    }
}

fn kid(token: &str) -> String {
    let header = URL_SAFE_NO_PAD
        .decode(token.split('.').next().unwrap())
        .unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

async fn published(app: &TestApp) -> Vec<String> {
    let keys = Verifier::new(app).await.keys.keys;
    keys.into_iter()
        .map(|key| key.common.key_id.unwrap())
        .collect()
}

async fn nobody_notices_a_planned_rotation(app: TestApp) {
    // Verifiers that have fetched the set at every time there is.
    let mut verifiers = Vec::new();
    for _ in 0..6 {
        verifiers.push(Verifier::new(&app).await);
        app.advance(Duration::minutes(1));
    }
    let user = app.user("ann@example.org").await;
    let first = kid(&user.access_token);
    let next = rotate(&app, KeyRotation::Planned).await.unwrap();
    let again = rotate(&app, KeyRotation::Planned).await;
    assert!(matches!(again, Err(KeyRotationError::AlreadyPlanned(at)) if at == next.active_at));

    // One refreshes all the time; the other keeps each token to its end.
    let (mut newest, mut oldest, mut kept_since) = (user.clone(), user, app.clock.now());
    let mut signed_by = Vec::new();
    for _ in 0..(60 * 60 / 20) {
        app.advance(RELOAD_INTERVAL);
        app.reload_signing_keys().await;
        newest = app.refreshed(&newest.refresh_token).await;
        signed_by.push(kid(&newest.access_token));
        if app.clock.now() - kept_since >= Duration::minutes(15) {
            (oldest, kept_since) = (newest.clone(), app.clock.now());
        }
        for token in [&newest.access_token, &oldest.access_token] {
            // Each replica, by turns.
            for _ in 0..2 {
                assert!(app.accepts(token).await);
            }
            for verifier in &mut verifiers {
                assert_eq!(verifier.verify(&app, token).await, Ok(()));
            }
        }
    }
    // Half an hour of the first key, then the next one.
    let by_first = signed_by.iter().take_while(|kid| **kid == first).count();
    assert_eq!(by_first, 30 * 60 / 20 - 1);
    assert!(signed_by[by_first..].iter().all(|kid| *kid == next.kid));
    // Until the last token that the first key signed has expired,
    // however long a deployment lets them live.
    app.advance(Duration::minutes(61));
    assert_eq!(published(&app).await, [next.kid.as_str()]);
    gives!(app.clean_up(&Retention::default()) => Removed::default());
    // With the events of all those refreshes.
    app.advance(Duration::days(31));
    let removed = app.clean_up(&Retention::default()).await;
    assert_eq!(removed.signing_keys, 1);
    let events = "select details from audit_logs where event_type = 'signing_key_rotated'";
    let details: Value = serde_json::from_str(&app.text(events).await).unwrap();
    assert_eq!(
        details,
        json!({ "kid": next.kid, "key_set": "portal", "emergency": false })
    );
}

/// Some verifiers take the first key, whichever a token names.
async fn the_key_that_signs_stands_first_in_the_set(app: TestApp) {
    let user = app.user("ann@example.org").await;
    let first = kid(&user.access_token);
    let next = rotate(&app, KeyRotation::Planned).await.unwrap();
    app.advance(RELOAD_INTERVAL);
    app.reload_signing_keys().await;
    for _ in 0..2 {
        assert_eq!(published(&app).await, [first.as_str(), &next.kid]);
    }
    // By the clock alone: also where the keys cannot be loaded for a while.
    app.advance(Duration::minutes(30) - RELOAD_INTERVAL);
    for _ in 0..2 {
        assert_eq!(published(&app).await, [next.kid.as_str(), &first]);
    }
}

/// A client decides by the code of the answer: this one says to refresh.
async fn is_expired(app: &TestApp, token: &str) {
    // Each replica, by turns.
    for _ in 0..2 {
        let answer = app.get("/me").bearer(token).await;
        answer.expect_problem(401, "token_expired");
    }
}

async fn a_client_that_slept_through_rotations_refreshes(app: TestApp) {
    let user = app.user("ann@example.org").await;
    for _ in 0..3 {
        rotate(&app, KeyRotation::Planned).await.unwrap();
        app.advance(Duration::days(2));
        app.clean_up(&Retention::default()).await;
        app.reload_signing_keys().await;
    }
    assert_eq!(published(&app).await.len(), 1);
    is_expired(&app, &user.access_token).await;
    let user = app.refreshed(&user.refresh_token).await;
    assert!(app.accepts(&user.access_token).await);
}

async fn in_an_emergency_what_the_old_key_signed_is_void_after_a_minute(app: TestApp) {
    let user = app.user("ann@example.org").await;
    let next = rotate(&app, KeyRotation::Emergency).await.unwrap();
    // Nobody is refused what another replica signed before all of them know the new key.
    for _ in 0..2 {
        app.advance(RELOAD_INTERVAL);
        app.reload_signing_keys().await;
        let fresh = app.sign_in("ann@example.org").await;
        assert_ne!(kid(&fresh.access_token), next.kid);
        assert!(app.accepts(&fresh.access_token).await && app.accepts(&user.access_token).await);
    }
    app.advance(RELOAD_INTERVAL);
    // By the clock alone: also where the keys cannot be loaded at this moment.
    is_expired(&app, &user.access_token).await;
    assert_eq!(published(&app).await, [next.kid.as_str()]);
    app.reload_signing_keys().await;
    is_expired(&app, &user.access_token).await;
    assert_eq!(published(&app).await, [next.kid.as_str()]);
    // A client with a refresh token goes on.
    let user = app.refreshed(&user.refresh_token).await;
    assert_eq!(kid(&user.access_token), next.kid);
    for _ in 0..2 {
        assert!(app.accepts(&user.access_token).await);
    }
}

async fn of_parallel_rotations_one_is_done(app: TestApp) {
    app.user("ann@example.org").await;
    let rotated = in_parallel(10, |_| {
        let app = app.clone();
        async move { rotate(&app, KeyRotation::Planned).await }
    })
    .await;
    assert_eq!(rotated.iter().filter(|rotated| rotated.is_ok()).count(), 1);
    for refused in rotated.into_iter().filter_map(Result::err) {
        let expected = matches!(
            refused,
            KeyRotationError::AlreadyPlanned(_) | KeyRotationError::Busy
        );
        assert!(expected, "{refused}");
    }
    assert_eq!(app.count("signing_keys").await, "2");
}

async fn a_key_that_waits_keeps_no_emergency_waiting(app: TestApp) {
    let user = app.user("ann@example.org").await;
    let planned = rotate(&app, KeyRotation::Planned).await.unwrap();
    let emergency = rotate(&app, KeyRotation::Emergency).await.unwrap();
    app.advance(RELOAD_INTERVAL);
    app.reload_signing_keys().await;
    app.advance(Duration::minutes(1) - RELOAD_INTERVAL);
    is_expired(&app, &user.access_token).await;
    // The key that waited may have been seen as well. It signs nowhere,
    // also where keys cannot be loaded for long.
    for minutes in [0, 10, 30] {
        app.advance(Duration::minutes(minutes));
        let fresh = app.sign_in("ann@example.org").await;
        assert_eq!(kid(&fresh.access_token), emergency.kid);
    }
    app.reload_signing_keys().await;
    assert_eq!(published(&app).await, [emergency.kid.as_str()]);
    assert_ne!(planned.kid, emergency.kid);
}

async fn another_master_key_rotates_nothing(app: TestApp) {
    let master = MasterKey::generate(&SystemRandom);
    for rotation in [KeyRotation::Planned, KeyRotation::Emergency] {
        let now = app.clock.now();
        let refused = rotate_signing_key(
            &*app.store,
            KeyKind::PORTAL,
            (&master, &SystemRandom),
            now,
            rotation,
        )
        .await;
        assert!(matches!(refused, Err(KeyRotationError::Auth(_))));
    }
    gives!(app.count("signing_keys where expires_at is null") => "1");
}
