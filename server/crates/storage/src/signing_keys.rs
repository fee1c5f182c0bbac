//! Signing keys at rest.

use async_trait::async_trait;
use time::OffsetDateTime;
use vestibule_core::model::SigningKey;
use vestibule_core::ports::SigningKeys;

use crate::backend::Backend;
use crate::micros::Micros;
use crate::repository::{Result, Row, SqlRepository};

const PUBLISHED: &str = "
select kid, algorithm, sealed_private_key, created_at, active_at, expires_at
from signing_keys
where expires_at is null or expires_at > $1
order by generation";

/// The generation is unique, so of two replicas that both saw no key one inserts nothing.
const INSERT_FIRST: &str = "
insert into signing_keys (kid, generation, algorithm, sealed_private_key, created_at, active_at, expires_at)
select $1, 1, $2, $3, $4, $5, $6
where not exists (select 1 from signing_keys)
on conflict (generation) do nothing";

pub(crate) const STATEMENTS: &[&str] = &[PUBLISHED, INSERT_FIRST];

#[async_trait]
impl<DB: Backend> SigningKeys for SqlRepository<DB> {
    async fn signing_keys(&mut self, now: OffsetDateTime) -> Result<Vec<SigningKey>> {
        self.fetch_all(Self::query(PUBLISHED).bind(Micros(now)), signing_key)
            .await
    }

    async fn insert_first_signing_key(&mut self, key: &SigningKey) -> Result<bool> {
        let insert = Self::query(INSERT_FIRST)
            .bind(key.kid.as_str())
            .bind(key.algorithm.as_str())
            .bind(key.sealed_private_key.as_str())
            .bind(Micros(key.created_at))
            .bind(Micros(key.active_at))
            .bind(key.expires_at.map(Micros));
        Ok(self.execute(insert).await? > 0)
    }
}

fn signing_key<DB: Backend>(row: &Row<DB>) -> Result<SigningKey> {
    Ok(SigningKey {
        kid: row.get("kid")?,
        algorithm: row.get("algorithm")?,
        sealed_private_key: row.get("sealed_private_key")?,
        created_at: row.time("created_at")?,
        active_at: row.time("active_at")?,
        expires_at: row.optional_time("expires_at")?,
    })
}
