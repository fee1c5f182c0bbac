//! The keys that sign tokens.

use async_trait::async_trait;
use time::OffsetDateTime;

use super::Result;
use crate::kernel::model::{KeyKind, SigningKey};

#[async_trait]
pub trait ReadSigningKeys {
    /// All keys that are still published at `now`, oldest first.
    async fn signing_keys(&mut self, kind: KeyKind, now: OffsetDateTime)
    -> Result<Vec<SigningKey>>;
}

/// The keys that sign tokens. Each question is about the keys of one kind: those of others are not
/// touched.
#[async_trait]
pub trait SigningKeys {
    /// Inserts a key, unless one of its kind that is published when it is made signs only after
    /// `latest`; `false` then, and also if another process was quicker. Without `latest` whatever
    /// there is.
    async fn insert_signing_key(
        &mut self,
        key: &SigningKey,
        latest: Option<OffsetDateTime>,
    ) -> Result<bool>;

    /// Ends the publication of every other key of the kind at `end`, but of those that end sooner;
    /// how many there were.
    async fn retire_other_signing_keys(
        &mut self,
        kind: KeyKind,
        kid: &str,
        end: OffsetDateTime,
    ) -> Result<u64>;
}
