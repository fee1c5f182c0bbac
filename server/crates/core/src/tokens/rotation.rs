//! Rotating the key that signs access tokens, so that
//! no verifier meets a token whose key it cannot know yet.

use std::time::Duration;

use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::key_ring::{load_ring, new_signing_key, signs_at};
use crate::kernel::model::{KeyKind, SigningKey};
use crate::kernel::ports::{Random, Store};
use crate::kernel::{
    Actor, AuditEvent, AuditRecord, AuthError, MAX_ACCESS_TOKEN_LIFE, MAX_ID_TOKEN_LIFE, MasterKey,
};

/// How long a verifier may use a key set without fetching it anew; the set is served with this age.
pub const MAX_KEY_AGE_OF_VERIFIERS: Duration = Duration::from_mins(5);
/// Replicas' clocks may differ by this much.
pub const CLOCK_LEEWAY: Duration = Duration::from_secs(30);
/// From the publication of a key to its first signature: by then every replica has loaded it, and
/// verifiers have fetched the set anew. Many keep it for longer than it says,
/// some for 20 minutes whatever key a token names.
const PUBLISHED_AHEAD: Duration = Duration::from_mins(30);
const _: () = assert!(PUBLISHED_AHEAD.as_secs() >= MAX_KEY_AGE_OF_VERIFIERS.as_secs() + 60);
/// The same where the others must go soon: only the portal's own
/// replicas have loaded it by then, by their clocks.
const PUBLISHED_AHEAD_IN_EMERGENCY: Duration = Duration::from_mins(1);

/// How long a key is kept after another one signs: the last token that it signed, at a replica
/// whose clock is behind, has expired, however long a deployment lets tokens live.
fn kept_after(kind: KeyKind) -> Duration {
    let life = if kind.set == KeyKind::APPS {
        MAX_ID_TOKEN_LIFE
    } else {
        MAX_ACCESS_TOKEN_LIFE
    };
    life.saturating_add(CLOCK_LEEWAY.saturating_mul(2))
}

/// How fast the key is rotated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyRotation {
    /// Nobody notices: the new key signs once everybody knows it,
    /// the old ones are believed until their tokens have expired.
    Planned,
    /// An old key may be in wrong hands: after a minute it is believed no more,
    /// and the tokens that it signed are void.
    Emergency,
}

/// As every other time that is printed, to the second.
fn in_rfc_3339(at: OffsetDateTime) -> String {
    let text = at.truncate_to_second().format(&Rfc3339);
    text.unwrap_or_else(|_| at.to_string())
}

/// Why the key was not rotated.
#[derive(Debug, thiserror::Error)]
pub enum KeyRotationError {
    #[error("the next key is published already, and signs from {} on", in_rfc_3339(*.0))]
    AlreadyPlanned(OffsetDateTime),
    #[error("another process rotates the key at this moment: look at the keys, and try again")]
    Busy,
    #[error(transparent)]
    Auth(#[from] AuthError),
}

/// What a published key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// It will sign.
    Next,
    Signing,
    /// It signed what is still believed.
    Former,
    /// It was to sign, and an emergency came before.
    Withdrawn,
}

/// The published keys of a kind, oldest first.
pub async fn signing_keys(
    store: &dyn Store,
    kind: KeyKind,
    now: OffsetDateTime,
) -> Result<Vec<(SigningKey, KeyState)>, AuthError> {
    let keys = store.reader().await?.signing_keys(kind, now).await?;
    let signing = signs_at(keys.iter(), now, |key| (key.active_at, &key.kid))
        .map(|key| key.kid.clone())
        .unwrap_or_default();
    let state = |key: &SigningKey| {
        if key.expires_at.is_some_and(|end| end <= key.active_at) {
            KeyState::Withdrawn
        } else if key.kid == signing {
            KeyState::Signing
        } else if key.active_at > now {
            KeyState::Next
        } else {
            KeyState::Former
        }
    };
    let with_state = |key| {
        let state = state(&key);
        (key, state)
    };
    Ok(keys.into_iter().map(with_state).collect())
}

/// Publishes a new key of a kind, and says until when the others are.
/// Replicas that run learn of it by themselves.
///
/// # Errors
/// [`KeyRotationError::AlreadyPlanned`] if the next key waits already and there is no emergency;
/// [`AuthError::Internal`] if the master key is not the one that
/// the stored keys are sealed with. Nothing is changed then.
pub async fn rotate_signing_key(
    store: &dyn Store,
    kind: KeyKind,
    (master, random): (&MasterKey, &dyn Random),
    now: OffsetDateTime,
    rotation: KeyRotation,
) -> Result<SigningKey, KeyRotationError> {
    let ring = load_ring(store, kind, master, now).await?;
    let mut key = new_signing_key(kind, master, random, now)?;
    let is_first = ring.published(now).next().is_none();
    let (ahead, kept_after, latest) = match rotation {
        KeyRotation::Planned => {
            let next = ring.published(now).find(|key| key.active_at > now);
            if let Some(next) = next {
                return Err(KeyRotationError::AlreadyPlanned(next.active_at));
            }
            (PUBLISHED_AHEAD, kept_after(kind), Some(now))
        }
        KeyRotation::Emergency => (PUBLISHED_AHEAD_IN_EMERGENCY, Duration::ZERO, None),
    };
    if !is_first {
        key.active_at = now + ahead;
    }
    let end_of_others = key.active_at + kept_after;
    let details = json!({ "kid": key.kid, "key_set": kind.set, "emergency": rotation == KeyRotation::Emergency });
    let event = AuditEvent::SigningKeyRotated;
    let record = AuditRecord::without_request(random.id(now), event, Actor::Operator, details, now);
    if publish(store, &key, latest, end_of_others, &record).await? {
        Ok(key)
    } else {
        Err(KeyRotationError::Busy)
    }
}

/// All of it or nothing; `false` if another process was quicker.
async fn publish(
    store: &dyn Store,
    key: &SigningKey,
    latest: Option<OffsetDateTime>,
    end_of_others: OffsetDateTime,
    record: &AuditRecord,
) -> Result<bool, AuthError> {
    let mut tx = store.begin().await?;
    if !tx.insert_signing_key(key, latest).await? {
        return Ok(false);
    }
    tx.retire_other_signing_keys(key.kind, &key.kid, end_of_others)
        .await?;
    tx.insert_audit(record).await?;
    tx.commit().await?;
    Ok(true)
}
