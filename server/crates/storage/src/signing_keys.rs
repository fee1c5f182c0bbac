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

/// The generation is unique, so of two processes that see the same keys one inserts nothing.
const INSERT: &str = "
insert into signing_keys (kid, generation, algorithm, sealed_private_key, created_at, active_at, expires_at)
select $1, (select coalesce(max(generation), 0) + 1 from signing_keys), $2, $3, $4, $5, $6
where not exists (
    select 1
    from signing_keys
    where (expires_at is null or expires_at > $4) and active_at > $7
)
on conflict (generation) do nothing";

const RETIRE_OTHERS: &str = "
update signing_keys
set expires_at = $2
where kid <> $1 and (expires_at is null or expires_at > $2)";

pub(crate) const STATEMENTS: &[&str] = &[PUBLISHED, INSERT, RETIRE_OTHERS];

#[async_trait]
impl<DB: Backend> SigningKeys for SqlRepository<DB> {
    async fn signing_keys(&mut self, now: OffsetDateTime) -> Result<Vec<SigningKey>> {
        self.fetch_all(Self::query(PUBLISHED).bind(Micros(now)), signing_key)
            .await
    }

    async fn insert_signing_key(
        &mut self,
        key: &SigningKey,
        latest: Option<OffsetDateTime>,
    ) -> Result<bool> {
        let insert = Self::query(INSERT)
            .bind(key.kid.as_str())
            .bind(key.algorithm.as_str())
            .bind(key.sealed_private_key.as_str())
            .bind(Micros(key.created_at))
            .bind(Micros(key.active_at))
            .bind(key.expires_at.map(Micros))
            .bind(latest.map(Micros));
        Ok(self.execute(insert).await? > 0)
    }

    async fn retire_other_signing_keys(&mut self, kid: &str, end: OffsetDateTime) -> Result<u64> {
        let retire = Self::query(RETIRE_OTHERS).bind(kid).bind(Micros(end));
        self.execute(retire).await
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
