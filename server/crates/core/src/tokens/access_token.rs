//! Access tokens (RFC 9068).

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jsonwebtoken::{Algorithm, Header, Validation};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use super::key_ring::{KeyRing, KeySet, RingKey, load_ring, make_first_key};
use super::rotation::CLOCK_LEEWAY;
use crate::kernel::model::{KeyKind, Session, User};
use crate::kernel::ports::{Random, Store, note_lookup};
use crate::kernel::{AuthError, Call, MasterKey, hash_token};

/// The media type of an access token, in its `typ` header (RFC 9068, 2.1).
const ACCESS_TOKEN_TYPE: &str = "at+jwt";
/// No access token of the portal comes near this; longer ones are not parsed.
const MAX_TOKEN_BYTES: usize = 4096;
/// Tokens whose signature is remembered.
const MAX_VERIFIED: u64 = 10_000;

/// The keys are not asked for again sooner.
const RELOAD_PAUSE: Duration = Duration::from_secs(10);

/// What stands in access tokens.
#[derive(Clone, Debug)]
pub struct TokenSettings {
    /// `iss`: the public URL without a trailing slash.
    pub issuer: String,
    /// `aud`: who the tokens are for.
    pub audience: String,
    /// How long a replay of a used refresh token gets the same successor, 0 to 60 s (ADR 0005).
    pub refresh_grace: Duration,
}

/// The claims of an access token. Times are seconds since 1970 (RFC 7519, 4.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessTokenClaims {
    pub iss: String,
    pub aud: String,
    pub sub: Uuid,
    pub iat: i64,
    pub nbf: i64,
    pub exp: i64,
    pub jti: Uuid,
    pub sid: Uuid,
    pub user_id: Uuid,
    pub token_type: String,
}

/// The tokens of an API session. Secrets: no `Debug`.
pub struct TokenPair {
    pub access_token: String,
    pub refresh_token: String,
    /// Seconds until the access token expires.
    pub expires_in: u64,
}

/// The last time that the keys were asked for.
struct LastLoad {
    at: OffsetDateTime,
    has_failed: bool,
}

/// A token whose signature was checked.
#[derive(Clone)]
struct VerifiedToken {
    /// The key that it was checked with.
    kid: Arc<str>,
    claims: AccessTokenClaims,
}

/// Signs and verifies access tokens.
pub(crate) struct TokenSigner {
    pub settings: TokenSettings,
    access_life: Duration,
    validation: Validation,
    ring: RwLock<Arc<KeyRing>>,
    /// Held while they are asked for: of parallel callers one asks.
    last_load: tokio::sync::Mutex<LastLoad>,
    /// Tokens whose signature was checked, by the hash of the token: it is checked once for each
    /// token and not once for each request.
    verified: moka::sync::Cache<String, VerifiedToken>,
}

impl TokenSigner {
    /// Loads the keys, and makes the first one in an empty database.
    pub(crate) async fn load(
        settings: TokenSettings,
        access_life: Duration,
        store: &dyn Store,
        master: &MasterKey,
        random: &dyn Random,
        now: OffsetDateTime,
    ) -> Result<Self, AuthError> {
        make_first_key(store, KeyKind::PORTAL, master, random, now).await?;
        let ring = load_ring(store, KeyKind::PORTAL, master, now).await?;
        let validation = validation(&settings);
        let verified = moka::sync::Cache::builder()
            .max_capacity(MAX_VERIFIED)
            .time_to_live(access_life)
            .build();
        Ok(Self {
            settings,
            access_life,
            validation,
            ring: RwLock::new(Arc::new(ring)),
            last_load: tokio::sync::Mutex::new(LastLoad {
                at: now,
                has_failed: false,
            }),
            verified,
        })
    }

    /// How long an access token that is signed now lives: never longer than its session.
    pub(crate) fn access_life(&self, session: &Session, now: OffsetDateTime) -> time::Duration {
        (now + self.access_life).min(session.expires_at) - now
    }

    /// Since when the key signs that signs now.
    pub(crate) fn signing_since(&self, now: OffsetDateTime) -> Option<OffsetDateTime> {
        Some(self.ring().signing_key(now)?.active_at)
    }

    pub(crate) fn jwks(&self, now: OffsetDateTime) -> KeySet {
        self.ring().served(now)
    }

    /// Signs an access token for the session.
    pub(crate) fn sign(
        &self,
        user: &User,
        session: &Session,
        jti: Uuid,
        now: OffsetDateTime,
    ) -> Result<String, AuthError> {
        let ring = self.ring();
        let key = ring
            .signing_key(now)
            .ok_or_else(|| AuthError::internal("no signing key is active"))?;
        let header = Header {
            typ: Some(ACCESS_TOKEN_TYPE.to_owned()),
            kid: Some(key.kid.clone()),
            ..Header::new(Algorithm::EdDSA)
        };
        let claims = AccessTokenClaims {
            iss: self.settings.issuer.clone(),
            aud: self.settings.audience.clone(),
            sub: user.id,
            iat: now.unix_timestamp(),
            // For verifiers that grant no leeway and whose clock is behind.
            nbf: (now - CLOCK_LEEWAY).unix_timestamp(),
            exp: (now + self.access_life(session, now)).unix_timestamp(),
            jti,
            sid: session.id,
            user_id: user.id,
            token_type: "access".to_owned(),
        };
        jsonwebtoken::encode(&header, &claims, &key.signing).map_err(AuthError::internal)
    }

    /// Signs the access token that goes with a refresh token.
    pub(crate) fn pair(
        &self,
        call: &Call<'_>,
        user: &User,
        session: &Session,
        refresh_token: String,
    ) -> Result<TokenPair, AuthError> {
        let now = call.later().now;
        let access_token = self.sign(user, session, call.new_id(), now)?;
        let life = self.access_life(session, now);
        Ok(TokenPair {
            access_token,
            refresh_token,
            expires_in: life.whole_seconds().unsigned_abs(),
        })
    }

    /// Checks everything about a token but whether its session lives:
    /// signature, algorithm, type, issuer, audience, times.
    ///
    /// # Errors
    /// [`AuthError::TokenExpired`] for a good token past its time,
    /// [`AuthError::Unauthenticated`] for anything else.
    pub(crate) fn verify(
        &self,
        token: &str,
        at: OffsetDateTime,
    ) -> Result<AccessTokenClaims, AuthError> {
        let token_hash = hash_token(token);
        let remembered = self.verified.get(&token_hash);
        note_lookup("verified_tokens", remembered.is_some());
        let verified = if let Some(verified) = remembered {
            verified
        } else {
            let verified = self.check_signature(token)?;
            self.verified.insert(token_hash, verified.clone());
            verified
        };
        // A check that began under earlier keys may be remembered after they are gone.
        let ring = self.ring();
        let key = ring.key(&verified.kid).ok_or(AuthError::Unauthenticated)?;
        let claims = verified.claims;
        let latest_start = (at + CLOCK_LEEWAY).unix_timestamp();
        let now = at.unix_timestamp();
        if claims.token_type != "access"
            || claims.nbf > latest_start
            || claims.sub != claims.user_id
        {
            return Err(AuthError::Unauthenticated);
        }
        // What a withdrawn key signed is not believed; but its session lives on,
        // so that a client has to hear "refresh".
        if claims.exp <= now || !key.is_published(at) {
            return Err(AuthError::TokenExpired);
        }
        Ok(claims)
    }

    fn check_signature(&self, token: &str) -> Result<VerifiedToken, AuthError> {
        let ring = self.ring();
        let key = key_id(token)
            .and_then(|kid| ring.key(&kid))
            .ok_or(AuthError::Unauthenticated)?;
        jsonwebtoken::decode::<AccessTokenClaims>(token, &key.verifying, &self.validation)
            .map(|token| VerifiedToken {
                kid: key.kid.as_str().into(),
                claims: token.claims,
            })
            .map_err(|_| AuthError::Unauthenticated)
    }

    /// Whether the token names a key that this replica does not know;
    /// another one may have made it since.
    pub(crate) fn is_signed_by_unknown_key(&self, token: &str) -> bool {
        key_id(token).is_some_and(|kid| self.ring().key(&kid).is_none())
    }

    /// Loads the keys again, at most one caller at a time and every 10 s, whether it succeeds or
    /// not: made-up key ids cost no query each, least of all of a database that is down. A caller
    /// that goes away meanwhile leaves it to the next one.
    ///
    /// # Errors
    /// [`AuthError::Unavailable`] while it is not known whether there are new keys.
    pub(crate) async fn reload(
        &self,
        store: &dyn Store,
        master: &MasterKey,
        now: OffsetDateTime,
    ) -> Result<(), AuthError> {
        let mut last = self.last_load.lock().await;
        if (now - last.at).abs() < RELOAD_PAUSE {
            return if last.has_failed {
                Err(AuthError::Unavailable(
                    "the keys could not be loaded lately".into(),
                ))
            } else {
                Ok(())
            };
        }
        let loaded = load_ring(store, KeyKind::PORTAL, master, now).await;
        *last = LastLoad {
            at: now,
            has_failed: loaded.is_err(),
        };
        self.replace_ring(loaded?, now);
        Ok(())
    }

    /// Goes over to these keys, and only then forgets what was checked with one that is gone: else
    /// it would be remembered anew in between. A check that is still under way is recognised by its
    /// key.
    fn replace_ring(&self, ring: KeyRing, now: OffsetDateTime) {
        let ring = Arc::new(ring);
        let before = {
            let mut current = self.ring.write().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *current, Arc::clone(&ring))
        };
        if before.key_set.hash != ring.key_set.hash {
            let signing = ring.signing_key(now).map(|key| key.kid.as_str());
            let published = ring.published(now).count();
            tracing::info!(signing, published, "the signing keys are others now");
        }
        let is_gone = |key: &RingKey| ring.key(&key.kid).is_none();
        if before.keys.iter().any(is_gone) {
            self.verified.invalidate_all();
        }
    }

    fn ring(&self) -> Arc<KeyRing> {
        Arc::clone(&self.ring.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The key id of a token whose header is one of the portal's;
/// header URLs and embedded keys are never looked at.
fn key_id(token: &str) -> Option<String> {
    if token.len() > MAX_TOKEN_BYTES {
        return None;
    }
    let header = jsonwebtoken::decode_header(token).ok()?;
    let is_ours =
        header.alg == Algorithm::EdDSA && header.typ.as_deref() == Some(ACCESS_TOKEN_TYPE);
    header.kid.filter(|_| is_ours)
}

fn validation(settings: &TokenSettings) -> Validation {
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_issuer(&[&settings.issuer]);
    validation.set_audience(&[&settings.audience]);
    validation.set_required_spec_claims(&["iss", "aud", "sub", "exp", "nbf"]);
    // Times are judged by this server's clock, from typed claims.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation
}

#[cfg(test)]
mod tests;
