//! The keys that sign for apps. There is none until there is a client, and of a kind none until a
//! client wants it: some programs fail on kinds that they do not know.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jsonwebtoken::{Algorithm, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use tokio::sync::{Mutex, Semaphore};
use uuid::Uuid;

use super::claims::{AppAccessClaims, userinfo_url};
use crate::kernel::model::{IdTokenAlgorithm, KeyKind};
use crate::kernel::ports::{Random, Store};
use crate::kernel::{AuthError, Core, MasterKey};
use crate::tokens::{CLOCK_LEEWAY, KeyRing, KeySet, load_ring, make_first_key};

/// The media type of an access token (RFC 9068, 2.1).
const ACCESS_TOKEN_TYPE: &str = "at+jwt";
/// No token of the portal comes near this; longer ones are not parsed.
const MAX_TOKEN_BYTES: usize = 16 * 1024;
/// The keys are not asked for again sooner, however many requests want one that is missing.
const RELOAD_PAUSE: time::Duration = time::Duration::seconds(1);
/// Signatures by RSA that may wait for a thread: at 2 ms each the last one waits for 2 s on one
/// processor.
const MAX_WAITING: usize = 1000;

/// The keys of all kinds, and the set of those that ID tokens are verified with.
struct Rings {
    access: KeyRing,
    /// In the order of [`IdTokenAlgorithm::ALL`].
    id: Vec<KeyRing>,
}

/// Signs and verifies tokens for apps.
pub(crate) struct AppKeys {
    rings: RwLock<Arc<Rings>>,
    last_load: Mutex<OffsetDateTime>,
    /// A signature by RSA takes milliseconds: a thread for each processor, and not one of those
    /// that answer requests.
    threads: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
}

/// A place in the line for signatures, taken before anything is written.
pub(super) struct SigningPlace(Arc<AtomicUsize>);

impl Drop for SigningPlace {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl AppKeys {
    pub(crate) async fn load(
        store: &dyn Store,
        master: &MasterKey,
        now: OffsetDateTime,
    ) -> Result<Self, AuthError> {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            rings: RwLock::new(Arc::new(Rings::load(store, master, now).await?)),
            // What is missing is looked for at once.
            last_load: Mutex::new(OffsetDateTime::UNIX_EPOCH),
            threads: Arc::new(Semaphore::new(processors)),
            waiting: Arc::default(),
        })
    }

    /// Whether there is a key to sign with; it is looked for if not.
    ///
    /// # Errors
    /// [`AuthError::Unavailable`] while there is none: the portal is just making it.
    pub(super) async fn require(
        &self,
        algorithm: IdTokenAlgorithm,
        core: &Core,
    ) -> Result<(), AuthError> {
        let now = core.clock.now();
        if self.can_sign(algorithm, now) {
            return Ok(());
        }
        self.reload(&*core.store, &core.master, now).await?;
        if self.can_sign(algorithm, now) {
            return Ok(());
        }
        Err(AuthError::Unavailable(
            "the keys of apps are not made yet".into(),
        ))
    }

    fn can_sign(&self, algorithm: IdTokenAlgorithm, now: OffsetDateTime) -> bool {
        let rings = self.rings();
        let has_key = |ring: &KeyRing| ring.signing_key(now).is_some();
        has_key(&rings.access) && rings.of(algorithm).is_some_and(has_key)
    }

    /// Loads the keys anew, once a second at most.
    pub(crate) async fn reload(
        &self,
        store: &dyn Store,
        master: &MasterKey,
        now: OffsetDateTime,
    ) -> Result<(), AuthError> {
        let mut last = self.last_load.lock().await;
        if (now - *last).abs() < RELOAD_PAUSE {
            return Ok(());
        }
        let loaded = Arc::new(Rings::load(store, master, now).await?);
        *last = now;
        *self.rings.write().unwrap_or_else(PoisonError::into_inner) = loaded;
        Ok(())
    }

    /// The keys that ID tokens are verified with.
    pub(crate) fn jwks(&self, now: OffsetDateTime) -> KeySet {
        let rings = self.rings();
        let jwks: Vec<_> = rings.id.iter().flat_map(|ring| ring.jwks(now)).collect();
        KeySet::of(&jwks)
    }

    /// # Errors
    /// [`AuthError::Overloaded`] if too many signatures wait.
    pub(super) fn reserve(&self) -> Result<SigningPlace, AuthError> {
        let before = self.waiting.fetch_add(1, Ordering::Relaxed);
        let place = SigningPlace(Arc::clone(&self.waiting));
        if before < MAX_WAITING {
            Ok(place)
        } else {
            let retry_after = Duration::from_secs(2);
            Err(AuthError::Overloaded { retry_after })
        }
    }

    pub(super) fn sign_access(
        &self,
        claims: &AppAccessClaims,
        now: OffsetDateTime,
    ) -> Result<String, AuthError> {
        let rings = self.rings();
        let key = rings.access.signing_key(now).ok_or_else(no_key)?;
        let header = Header {
            typ: Some(ACCESS_TOKEN_TYPE.to_owned()),
            kid: Some(key.kid.clone()),
            ..Header::new(Algorithm::EdDSA)
        };
        jsonwebtoken::encode(&header, claims, &key.signing).map_err(AuthError::internal)
    }

    pub(super) async fn sign_id_token(
        &self,
        algorithm: IdTokenAlgorithm,
        claims: serde_json::Value,
        now: OffsetDateTime,
        place: SigningPlace,
    ) -> Result<String, AuthError> {
        let rings = self.rings();
        let ring = rings.of(algorithm).ok_or_else(no_key)?;
        let key = ring.signing_key(now).ok_or_else(no_key)?;
        let header = Header {
            kid: Some(key.kid.clone()),
            ..Header::new(jwt_algorithm(algorithm))
        };
        if algorithm != IdTokenAlgorithm::Rs256 {
            return encode(&header, &claims, &key.signing);
        }
        let key = key.signing.clone();
        let threads = Arc::clone(&self.threads);
        let permit = threads.acquire_owned().await.map_err(AuthError::internal)?;
        let signed = tokio::task::spawn_blocking(move || {
            let signed = encode(&header, &claims, &key);
            drop((permit, place));
            signed
        });
        signed.await.map_err(AuthError::internal)?
    }

    /// The claims of an access token for an app that is good now.
    pub(super) fn verify_access(
        &self,
        token: &str,
        issuer: &str,
        now: OffsetDateTime,
    ) -> Option<AppAccessClaims> {
        let header = header_of(token)?;
        let is_ours =
            header.alg == Algorithm::EdDSA && header.typ.as_deref() == Some(ACCESS_TOKEN_TYPE);
        let kid = header.kid.filter(|_| is_ours)?;
        let rings = self.rings();
        let key = rings.access.key(&kid).filter(|key| key.is_published(now))?;
        let validation = validation(Algorithm::EdDSA, issuer, &userinfo_url(issuer));
        let token = jsonwebtoken::decode::<AppAccessClaims>(token, &key.verifying, &validation);
        let claims = token.ok()?.claims;
        let has_begun = claims.nbf <= (now + CLOCK_LEEWAY).unix_timestamp();
        (has_begun && claims.exp > now.unix_timestamp()).then_some(claims)
    }

    /// Whom an ID token of this client is about, also one that has expired.
    pub(super) fn subject_of(&self, token: &str, issuer: &str, client_id: &str) -> Option<Uuid> {
        #[derive(Serialize, Deserialize)]
        struct Claims {
            sub: Uuid,
        }
        let header = header_of(token)?;
        let kid = header.kid?;
        let rings = self.rings();
        let mut rings = IdTokenAlgorithm::ALL.iter().zip(&rings.id);
        let (algorithm, key) =
            rings.find_map(|(algorithm, ring)| Some((*algorithm, ring.key(&kid)?)))?;
        // An access token is signed by a key of another set; a logout token would have this type.
        let is_id_token = header.typ.as_deref().is_none_or(|typ| typ == "JWT");
        if header.alg != jwt_algorithm(algorithm) || !is_id_token {
            return None;
        }
        let validation = validation(header.alg, issuer, client_id);
        let token = jsonwebtoken::decode::<Claims>(token, &key.verifying, &validation);
        Some(token.ok()?.claims.sub)
    }

    fn rings(&self) -> Arc<Rings> {
        Arc::clone(&self.rings.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Rings {
    async fn load(
        store: &dyn Store,
        master: &MasterKey,
        now: OffsetDateTime,
    ) -> Result<Self, AuthError> {
        let access = load_ring(store, KeyKind::APP_ACCESS, master, now).await?;
        let mut id = Vec::new();
        for algorithm in IdTokenAlgorithm::ALL {
            id.push(load_ring(store, algorithm.keys(), master, now).await?);
        }
        Ok(Self { access, id })
    }

    fn of(&self, algorithm: IdTokenAlgorithm) -> Option<&KeyRing> {
        let place = IdTokenAlgorithm::ALL
            .iter()
            .position(|it| *it == algorithm)?;
        self.id.get(place)
    }
}

/// Makes the keys that clients want and that there are not yet; whether there were any to be made.
/// One of RSA takes about a second.
///
/// # Errors
/// Those of the store.
pub async fn make_app_keys(
    store: &dyn Store,
    master: &MasterKey,
    random: &dyn Random,
    now: OffsetDateTime,
) -> Result<bool, AuthError> {
    let clients = store.reader().await?.clients().await?;
    let enabled = clients.iter().filter(|client| client.is_enabled);
    let wanted: BTreeSet<&str> = enabled
        .map(|client| client.settings.algorithm.as_str())
        .collect();
    if wanted.is_empty() {
        return Ok(false);
    }
    // RS256 is what every client can verify, and what is believed of a provider unasked.
    let of_ids = IdTokenAlgorithm::ALL.iter().filter(|algorithm| {
        **algorithm == IdTokenAlgorithm::Rs256 || wanted.contains(algorithm.as_str())
    });
    let kinds = of_ids.map(|algorithm| algorithm.keys());
    let mut has_made = false;
    for kind in std::iter::once(KeyKind::APP_ACCESS).chain(kinds) {
        has_made |= make_first_key(store, kind, master, random, now).await?;
    }
    Ok(has_made)
}

fn encode(
    header: &Header,
    claims: &serde_json::Value,
    key: &EncodingKey,
) -> Result<String, AuthError> {
    jsonwebtoken::encode(header, claims, key).map_err(AuthError::internal)
}

fn no_key() -> AuthError {
    AuthError::internal("no key of apps is active")
}

fn jwt_algorithm(algorithm: IdTokenAlgorithm) -> Algorithm {
    match algorithm {
        IdTokenAlgorithm::Rs256 => Algorithm::RS256,
        IdTokenAlgorithm::Es256 => Algorithm::ES256,
        IdTokenAlgorithm::EdDsa => Algorithm::EdDSA,
    }
}

fn header_of(token: &str) -> Option<Header> {
    if token.len() > MAX_TOKEN_BYTES {
        return None;
    }
    jsonwebtoken::decode_header(token).ok()
}

/// Times are judged by this server's clock, from typed claims.
fn validation(algorithm: Algorithm, issuer: &str, audience: &str) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[audience]);
    validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation
}
