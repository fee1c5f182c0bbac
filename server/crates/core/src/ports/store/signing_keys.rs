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
    /// Inserts the first key; `false` if another replica was quicker.
    async fn insert_first_signing_key(&mut self, key: &SigningKey) -> Result<bool>;
}
