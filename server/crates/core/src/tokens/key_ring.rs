//! The ring of keys that signs and verifies access tokens, and the set of them that services get.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::signature::Ed25519KeyPair;
use jsonwebtoken::jwk::{Jwk, KeyAlgorithm, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use time::OffsetDateTime;

use crate::kernel::model::{KeyKind, SigningKey};
use crate::kernel::ports::{BoxError, Random, Store};
use crate::kernel::{AuthError, MAX_REFRESH_LIFE, MasterKey, hash_token};

/// How long a withdrawn key is remembered: longer than a refresh token may live.
pub(crate) const WITHDRAWN_KEYS_KEPT: Duration =
    MAX_REFRESH_LIFE.saturating_add(Duration::from_hours(24));

/// The JSON Web Key Set (RFC 7517) of all published keys, as it is served.
#[derive(Clone)]
pub struct KeySet {
    pub json: Arc<[u8]>,
    /// The hash of it: another one where it is another one.
    pub hash: Arc<str>,
}

/// The keys, parsed once, with the set of those that were published when they were loaded.
pub(crate) struct KeyRing {
    pub keys: Vec<RingKey>,
    pub key_set: KeySet,
    /// When a key of that set ends, or another one signs.
    set_changes_at: Option<OffsetDateTime>,
}

pub(crate) struct RingKey {
    pub kid: String,
    pub active_at: OffsetDateTime,
    expires_at: Option<OffsetDateTime>,
    pub signing: EncodingKey,
    pub verifying: DecodingKey,
    jwk: Jwk,
}

impl KeyRing {
    pub fn new(keys: Vec<RingKey>, now: OffsetDateTime) -> Self {
        let published = keys.iter().filter(|key| key.is_published(now));
        let times = published.flat_map(|key| [Some(key.active_at), key.expires_at]);
        Self {
            key_set: key_set(&keys, now),
            set_changes_at: times.flatten().filter(|time| *time > now).min(),
            keys,
        }
    }

    /// The set as it is to be served now, also where the keys could not be loaded for a while.
    pub fn served(&self, now: OffsetDateTime) -> KeySet {
        if self.set_changes_at.is_none_or(|time| time > now) {
            self.key_set.clone()
        } else {
            key_set(&self.keys, now)
        }
    }

    /// The key of this id, withdrawn or not.
    pub fn key(&self, kid: &str) -> Option<&RingKey> {
        self.keys.iter().find(|key| key.kid == kid)
    }

    pub fn published(&self, now: OffsetDateTime) -> impl Iterator<Item = &RingKey> + Clone {
        self.keys.iter().filter(move |key| key.is_published(now))
    }

    pub fn signing_key(&self, now: OffsetDateTime) -> Option<&RingKey> {
        signing_of(self.published(now), now)
    }
}

impl RingKey {
    /// Whether its signatures are believed.
    pub fn is_published(&self, now: OffsetDateTime) -> bool {
        self.expires_at.is_none_or(|end| end > now)
    }
}

/// The newest of the published keys that may sign: published earlier, so that verifiers know it.
/// Without one the first that will: better a key that a verifier does not know yet than nobody
/// signed in, because of clocks that differ.
pub(crate) fn signs_at<'keys, K>(
    keys: impl Iterator<Item = &'keys K> + Clone,
    now: OffsetDateTime,
    age: impl Fn(&'keys K) -> (OffsetDateTime, &'keys String),
) -> Option<&'keys K> {
    let active = keys.clone().filter(|key| age(key).0 <= now);
    active
        .max_by_key(|key| age(key))
        .or_else(|| keys.min_by_key(|key| age(key)))
}

/// Loads the published keys, and those that were withdrawn a while ago:
/// a client that has slept with a token of theirs is to refresh it.
pub(crate) async fn load_ring(
    store: &dyn Store,
    master: &MasterKey,
    now: OffsetDateTime,
) -> Result<KeyRing, AuthError> {
    let since = now - WITHDRAWN_KEYS_KEPT;
    let stored = store
        .reader()
        .await?
        .signing_keys(KeyKind::PORTAL, since)
        .await?;
    ring_of(&stored, master, now)
}

/// The ring of these keys.
pub(crate) fn ring_of(
    stored: &[SigningKey],
    master: &MasterKey,
    now: OffsetDateTime,
) -> Result<KeyRing, AuthError> {
    let keys = stored
        .iter()
        .map(|key| ring_key(key, master))
        .collect::<Result<Vec<_>, _>>()
        .map_err(AuthError::Internal)?;
    Ok(KeyRing::new(keys, now))
}

/// The key that signs stands first: some verifiers take the first one, whatever key a token names.
fn key_set(keys: &[RingKey], now: OffsetDateTime) -> KeySet {
    let published = keys.iter().filter(|key| key.is_published(now));
    let signing = signing_of(published.clone(), now).map(|key| key.kid.as_str());
    let (mut jwks, others): (Vec<&RingKey>, Vec<&RingKey>) =
        published.partition(|key| Some(key.kid.as_str()) == signing);
    jwks.extend(others);
    let jwks: Vec<&Jwk> = jwks.into_iter().map(|key| &key.jwk).collect();
    let json = serde_json::json!({ "keys": jwks }).to_string();
    KeySet {
        hash: hash_token(&json).into(),
        json: json.into_bytes().into(),
    }
}

fn signing_of<'keys>(
    published: impl Iterator<Item = &'keys RingKey> + Clone,
    now: OffsetDateTime,
) -> Option<&'keys RingKey> {
    signs_at(published, now, |key| (key.active_at, &key.kid))
}

fn ring_key(stored: &SigningKey, master: &MasterKey) -> Result<RingKey, BoxError> {
    let pkcs8 = master.open(&stored.kid, &stored.sealed_private_key).map_err(|_| {
        format!("the signing key {} was sealed under another master key: start with the master key it was made with", stored.kid)
    })?;
    let (signing, jwk) = parse_key(&pkcs8)?;
    let verifying = DecodingKey::from_jwk(&jwk)?;
    Ok(RingKey {
        kid: stored.kid.clone(),
        active_at: stored.active_at,
        expires_at: stored.expires_at,
        signing,
        verifying,
        jwk,
    })
}

fn parse_key(pkcs8: &[u8]) -> Result<(EncodingKey, Jwk), BoxError> {
    let signing = EncodingKey::from_ed_der(pkcs8);
    let mut jwk = Jwk::from_encoding_key(&signing, Algorithm::EdDSA)?;
    jwk.common.key_id = Some(jwk.thumbprint(ThumbprintHash::SHA256)?);
    jwk.common.public_key_use = Some(PublicKeyUse::Signature);
    jwk.common.key_algorithm = Some(KeyAlgorithm::EdDSA);
    Ok((signing, jwk))
}

/// A key that signs from now on.
pub(crate) fn new_signing_key(
    master: &MasterKey,
    random: &dyn Random,
    now: OffsetDateTime,
) -> Result<SigningKey, AuthError> {
    let pair =
        Ed25519KeyPair::generate().map_err(|_| AuthError::internal("no key could be generated"))?;
    let pkcs8 = pair
        .to_pkcs8v1()
        .map_err(|_| AuthError::internal("the new key has no PKCS#8 form"))?;
    let (_, jwk) = parse_key(pkcs8.as_ref()).map_err(AuthError::Internal)?;
    let kid = jwk.common.key_id.unwrap_or_default();
    let sealed_private_key = master
        .seal(&kid, pkcs8.as_ref(), random)
        .map_err(AuthError::internal)?;
    Ok(SigningKey {
        kid,
        kind: KeyKind::PORTAL,
        sealed_private_key,
        created_at: now,
        active_at: now,
        expires_at: None,
    })
}
