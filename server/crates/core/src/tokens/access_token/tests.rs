use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;

use super::super::key_ring::{new_signing_key, ring_of};
use super::*;
use crate::kernel::SystemRandom;
use crate::kernel::ports::{Reader, StoreError, Transaction, Writer};

/// A database that is down, and how often it was asked.
#[derive(Default)]
struct Down(AtomicUsize);

impl Down {
    async fn refuse<T>(&self) -> Result<T, StoreError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(20)).await;
        Err(StoreError::Unavailable("down".into()))
    }
}

#[async_trait]
impl Store for Down {
    async fn reader(&self) -> Result<Box<dyn Reader>, StoreError> {
        self.refuse().await
    }

    async fn writer(&self) -> Result<Box<dyn Writer>, StoreError> {
        self.refuse().await
    }

    async fn begin(&self) -> Result<Box<dyn Transaction>, StoreError> {
        self.refuse().await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.refuse().await
    }
}

fn signer(now: OffsetDateTime) -> TokenSigner {
    let settings = TokenSettings {
        issuer: "https://auth.example.org".to_owned(),
        audience: "https://auth.example.org".to_owned(),
        refresh_grace: Duration::ZERO,
    };
    TokenSigner {
        validation: validation(&settings),
        settings,
        access_life: Duration::from_mins(15),
        ring: RwLock::new(Arc::new(KeyRing::new(Vec::new(), now))),
        last_load: tokio::sync::Mutex::new(LastLoad {
            at: now,
            has_failed: false,
        }),
        verified: moka::sync::Cache::new(1),
    }
}

#[tokio::test]
async fn a_flood_of_unknown_key_ids_asks_a_database_that_is_down_once_in_ten_seconds() {
    let store = Arc::new(Down::default());
    let start = OffsetDateTime::UNIX_EPOCH;
    let signer = Arc::new(signer(start));
    for (seconds, asked) in [(9, 0), (10, 1), (19, 1), (20, 2), (29, 2), (31, 3), (15, 4)] {
        let now = start + Duration::from_secs(seconds);
        let mut flood = tokio::task::JoinSet::new();
        for _ in 0..50 {
            let (signer, store) = (signer.clone(), store.clone());
            let master = MasterKey::generate(&SystemRandom);
            flood.spawn(async move { signer.reload(&*store, &master, now).await });
        }
        let answers = flood.join_all().await;
        assert_eq!(store.0.load(Ordering::Relaxed), asked, "{seconds} s");
        for answer in answers {
            match answer {
                Ok(()) => assert_eq!(asked, 0, "{seconds} s"),
                Err(error) => assert!(matches!(error, AuthError::Unavailable(_)) && asked > 0),
            }
        }
    }
}

#[tokio::test]
async fn a_caller_who_goes_away_while_keys_are_loaded_leaves_it_to_the_next() {
    let (store, master) = (Down::default(), MasterKey::generate(&SystemRandom));
    let start = OffsetDateTime::UNIX_EPOCH;
    let (signer, now) = (signer(start), start + RELOAD_PAUSE);
    for asked in 1..3 {
        let reload = signer.reload(&store, &master, now);
        assert!(
            tokio::time::timeout(Duration::from_millis(1), reload)
                .await
                .is_err()
        );
        assert_eq!(store.0.load(Ordering::Relaxed), asked);
    }
    assert!(signer.reload(&store, &master, now).await.is_err());
    assert!(signer.reload(&store, &master, now).await.is_err());
    assert_eq!(store.0.load(Ordering::Relaxed), 3);
}

fn ring_of_a_new_key(master: &MasterKey, now: OffsetDateTime) -> KeyRing {
    let key = new_signing_key(KeyKind::PORTAL, master, &SystemRandom, now).unwrap();
    ring_of(&[key], master, now).unwrap()
}

/// A token that the signer's key signs.
fn signed(signer: &TokenSigner, now: OffsetDateTime) -> String {
    let ring = signer.ring();
    let key = ring.signing_key(now).unwrap();
    let header = Header {
        typ: Some(ACCESS_TOKEN_TYPE.to_owned()),
        kid: Some(key.kid.clone()),
        ..Header::new(Algorithm::EdDSA)
    };
    let claims = AccessTokenClaims {
        iss: signer.settings.issuer.clone(),
        aud: signer.settings.audience.clone(),
        sub: Uuid::from_u128(1),
        iat: now.unix_timestamp(),
        // For verifiers that grant no leeway and whose clock is behind.
        nbf: (now - CLOCK_LEEWAY).unix_timestamp(),
        exp: now.unix_timestamp() + 900,
        jti: Uuid::from_u128(2),
        sid: Uuid::from_u128(3),
        user_id: Uuid::from_u128(1),
        token_type: "access".to_owned(),
    };
    jsonwebtoken::encode(&header, &claims, &key.signing).unwrap()
}

#[test]
fn a_token_of_a_key_that_is_gone_is_refused_even_if_it_is_remembered_late() {
    let master = MasterKey::generate(&SystemRandom);
    // No token is valid from before 1970.
    let now = OffsetDateTime::UNIX_EPOCH + CLOCK_LEEWAY + RELOAD_PAUSE;
    let signer = signer(now);
    signer.replace_ring(ring_of_a_new_key(&master, now), now);
    let token = signed(&signer, now);
    for _ in 0..2 {
        assert!(signer.verify(&token, now).is_ok());
    }
    // A request checks it with the key that is about to go, and caches it after that.
    let late = signer.check_signature(&token).unwrap();
    signer.replace_ring(ring_of_a_new_key(&master, now), now);
    assert!(signer.verified.get(&hash_token(&token)).is_none());
    signer.verified.insert(hash_token(&token), late);
    let refused = signer.verify(&token, now);
    assert!(matches!(refused, Err(AuthError::Unauthenticated)));
    assert!(signer.verify(&signed(&signer, now), now).is_ok());
}
