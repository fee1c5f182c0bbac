//! Signing keys at rest. Every statement names the kind of keys that it is about: those of another
//! set or algorithm have generations and lives of their own.

use async_trait::async_trait;
use time::OffsetDateTime;
use vestibule_core::model::{KeyKind, SigningKey};
use vestibule_core::ports::{ReadSigningKeys, SigningKeys};

use crate::backend::Backend;
use crate::micros::Micros;
use crate::repository::{Query, Result, SqlRepository, query};
use crate::sql::{Sql, statements};

statements! {
    const PUBLISHED: Sql = Sql::both("
select kid, sealed_private_key, created_at, active_at, expires_at
from signing_keys
where key_set = $1 and algorithm = $2 and (expires_at is null or expires_at > $3)
order by generation");

    /// The generation is unique, so of two processes that see the same keys one inserts nothing.
    const INSERT: Sql = Sql::both("
insert into signing_keys (kid, key_set, algorithm, generation, sealed_private_key, created_at, active_at, expires_at)
select $3, $1, $2,
    (select coalesce(max(k.generation), 0) + 1 from signing_keys k where k.key_set = $1 and k.algorithm = $2),
    $4, $5, $6, $7
where not exists (
    select 1
    from signing_keys k
    where k.key_set = $1 and k.algorithm = $2 and (k.expires_at is null or k.expires_at > $5) and k.active_at > $8
)
on conflict (key_set, algorithm, generation) do nothing");

    const RETIRE_OTHERS: Sql = Sql::both("
update signing_keys
set expires_at = $4
where key_set = $1 and algorithm = $2 and kid <> $3 and (expires_at is null or expires_at > $4)");
}

#[async_trait]
impl<DB: Backend> ReadSigningKeys for SqlRepository<DB> {
    async fn signing_keys(
        &mut self,
        kind: KeyKind,
        now: OffsetDateTime,
    ) -> Result<Vec<SigningKey>> {
        let published = of_kind(PUBLISHED, kind).bind(Micros(now));
        self.fetch_all(published, |row| {
            Ok(SigningKey {
                kid: row.get("kid")?,
                kind,
                sealed_private_key: row.get("sealed_private_key")?,
                created_at: row.get("created_at")?,
                active_at: row.get("active_at")?,
                expires_at: row.get("expires_at")?,
            })
        })
        .await
    }
}

#[async_trait]
impl<DB: Backend> SigningKeys for SqlRepository<DB> {
    async fn insert_signing_key(
        &mut self,
        key: &SigningKey,
        latest: Option<OffsetDateTime>,
    ) -> Result<bool> {
        let insert = of_kind(INSERT, key.kind)
            .bind(key.kid.as_str())
            .bind(key.sealed_private_key.as_str())
            .bind(Micros(key.created_at))
            .bind(Micros(key.active_at))
            .bind(key.expires_at.map(Micros))
            .bind(latest.map(Micros));
        Ok(self.execute(insert).await? > 0)
    }

    async fn retire_other_signing_keys(
        &mut self,
        kind: KeyKind,
        kept: &str,
        end: OffsetDateTime,
    ) -> Result<u64> {
        let retire = of_kind(RETIRE_OTHERS, kind).bind(kept).bind(Micros(end));
        self.execute(retire).await
    }
}

fn of_kind<DB: Backend>(sql: Sql, kind: KeyKind) -> Query<DB> {
    query!(sql, kind.set, kind.algorithm)
}
