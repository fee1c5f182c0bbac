//! The keys that sign access tokens.

use async_trait::async_trait;
use time::OffsetDateTime;

use super::Result;
use crate::model::SigningKey;

/// The keys that sign access tokens.
#[async_trait]
pub trait SigningKeys {
    /// All keys that are still published at `now`, oldest first.
    async fn signing_keys(&mut self, now: OffsetDateTime) -> Result<Vec<SigningKey>>;
    /// Inserts a key, unless one that is published when it is made signs only after `latest`;
    /// `false` then, and also if another process was quicker. Without `latest` whatever there is.
    async fn insert_signing_key(
        &mut self,
        key: &SigningKey,
        latest: Option<OffsetDateTime>,
    ) -> Result<bool>;
    /// Ends the publication of every other key at `end`,
    /// but of those that end sooner; how many there were.
    async fn retire_other_signing_keys(&mut self, kid: &str, end: OffsetDateTime) -> Result<u64>;
}
