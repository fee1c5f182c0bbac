//! Rings of keys that sign and verify tokens, each of one kind, and the sets of them that services
//! get.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair,
};
use jsonwebtoken::jwk::{Jwk, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use time::OffsetDateTime;
use zeroize::Zeroizing;

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

    /// The published keys as services get them.
    pub fn jwks(&self, now: OffsetDateTime) -> Vec<&Jwk> {
        jwks(&self.keys, now)
    }
}

impl KeySet {
    pub fn of(jwks: &[&Jwk]) -> Self {
        let json = serde_json::json!({ "keys": jwks }).to_string();
        Self {
            hash: hash_token(&json).into(),
            json: json.into_bytes().into(),
        }
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

/// Loads the published keys of a kind, and those that were withdrawn a while ago:
/// a client that has slept with a token of theirs is to refresh it.
pub(crate) async fn load_ring(
    store: &dyn Store,
    kind: KeyKind,
    master: &MasterKey,
    now: OffsetDateTime,
) -> Result<KeyRing, AuthError> {
    let since = now - WITHDRAWN_KEYS_KEPT;
    let stored = store.reader().await?.signing_keys(kind, since).await?;
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

fn key_set(keys: &[RingKey], now: OffsetDateTime) -> KeySet {
    KeySet::of(&jwks(keys, now))
}

/// The key that signs stands first: some verifiers take the first one, whatever key a token names.
fn jwks(keys: &[RingKey], now: OffsetDateTime) -> Vec<&Jwk> {
    let published = keys.iter().filter(|key| key.is_published(now));
    let signing = signing_of(published.clone(), now).map(|key| key.kid.as_str());
    let (mut jwks, others): (Vec<&RingKey>, Vec<&RingKey>) =
        published.partition(|key| Some(key.kid.as_str()) == signing);
    jwks.extend(others);
    jwks.into_iter().map(|key| &key.jwk).collect()
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
    let (signing, jwk) = parse_key(stored.kind, &pkcs8)?;
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

fn parse_key(kind: KeyKind, pkcs8: &[u8]) -> Result<(EncodingKey, Jwk), BoxError> {
    let algorithm: Algorithm = kind.algorithm.parse()?;
    let signing = match algorithm {
        Algorithm::RS256 => EncodingKey::from_rsa_der(
            pkcs8
                .get(RSA_WRAPPER_BYTES..)
                .ok_or("not the key of an RSA signature")?,
        ),
        Algorithm::ES256 => EncodingKey::from_ec_der(pkcs8),
        _ => EncodingKey::from_ed_der(pkcs8),
    };
    let mut jwk = Jwk::from_encoding_key(&signing, algorithm)?;
    jwk.common.key_id = Some(jwk.thumbprint(ThumbprintHash::SHA256)?);
    jwk.common.public_key_use = Some(PublicKeyUse::Signature);
    Ok((signing, jwk))
}

/// What PKCS#8 puts in front of an RSA key of more than 2,048 bits (RFC 5208, 5; RFC 8017, A.1.2).
const RSA_WRAPPER_BYTES: usize = 26;

/// The private key in PKCS#8. One of RSA takes about a second of a processor.
fn generate(kind: KeyKind) -> Option<Vec<u8>> {
    let pkcs8 = match kind.algorithm {
        "RS256" => {
            let pair = RsaKeyPair::generate(KeySize::Rsa3072).ok()?;
            pair.as_der().ok()?.as_ref().to_vec()
        }
        "ES256" => {
            let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).ok()?;
            pair.to_pkcs8v1().ok()?.as_ref().to_vec()
        }
        _ => {
            let pair = Ed25519KeyPair::generate().ok()?;
            pair.to_pkcs8v1().ok()?.as_ref().to_vec()
        }
    };
    Some(pkcs8)
}

/// A key of a kind that signs from now on.
pub(crate) fn new_signing_key(
    kind: KeyKind,
    master: &MasterKey,
    random: &dyn Random,
    now: OffsetDateTime,
) -> Result<SigningKey, AuthError> {
    let pkcs8 = generate(kind).ok_or_else(|| AuthError::internal("no key could be generated"))?;
    let pkcs8 = Zeroizing::new(pkcs8);
    seal_signing_key(kind, &pkcs8, master, random, now)
}

/// A key that is given in PKCS#8, as it is stored. It signs from now on.
///
/// # Errors
/// [`AuthError::Internal`] for what is no key of the kind.
pub fn seal_signing_key(
    kind: KeyKind,
    pkcs8: &[u8],
    master: &MasterKey,
    random: &dyn Random,
    now: OffsetDateTime,
) -> Result<SigningKey, AuthError> {
    let (_, jwk) = parse_key(kind, pkcs8).map_err(AuthError::Internal)?;
    let key_id = jwk.common.key_id.unwrap_or_default();
    let sealed_private_key = master
        .seal(&key_id, pkcs8, random)
        .map_err(AuthError::internal)?;
    Ok(SigningKey {
        kid: key_id,
        kind,
        sealed_private_key,
        created_at: now,
        active_at: now,
        expires_at: None,
    })
}

/// Makes the first key of a kind, unless there is one.
///
/// # Errors
/// Those of the store.
pub(crate) async fn make_first_key(
    store: &dyn Store,
    kind: KeyKind,
    master: &MasterKey,
    random: &dyn Random,
    now: OffsetDateTime,
) -> Result<bool, AuthError> {
    if !store
        .reader()
        .await?
        .signing_keys(kind, now)
        .await?
        .is_empty()
    {
        return Ok(false);
    }
    let key = new_signing_key(kind, master, random, now)?;
    let first = Some(OffsetDateTime::UNIX_EPOCH);
    let mut store = store.writer().await?;
    Ok(store.insert_signing_key(&key, first).await?)
}
