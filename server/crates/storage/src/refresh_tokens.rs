//! Refresh families: one row holds the current and the previous token.

use async_trait::async_trait;
use uuid::Uuid;
use vestibule_core::model::{
    NewRefreshToken, RefreshRecord, RefreshRotation, RefreshTokenState, RotationOutcome,
};
use vestibule_core::ports::{ReadRefreshTokens, RefreshTokens};

use crate::backend::Backend;
use crate::micros::Micros;
use crate::repository::{Result, Row, SqlRepository, query, readers};
use crate::sessions::{principal, session_columns};
use crate::sql::{Sql, statements};
use crate::users::user_columns;

/// The whole rotation (ADR 0005) in one conditional write. Every expression sees the row as it was
/// before, and a caller who waited for another one's write sees the row as that left it, so of
/// parallel callers one installs its successor and the others are in its grace. The cases of each
/// column, in order: the previous token was shown within the grace time, the current one stays; the
/// current token was shown, its successor takes its place; the previous one was shown later, so the
/// current one was never used, and a fresh one replaces it.
///
/// No index has a column that this changes: on PostgreSQL the new version of the row stays on its
/// page and no index is written (HOT). Families are found by id, so the hashes need none.
///
/// What ends a session or an account revokes its families in the same transaction, so the
/// condition on the family, which is checked again after a wait,
/// covers those on session and user, which are not.
///
/// $1 family, $2 the hash that was shown, $3 the fresh hash, $4 the fresh nonce, $5 now, $6 the
/// start of the grace time, $7 the end of the successor's life.
macro_rules! rotate {
    () => {
        "
update refresh_tokens as r
set token_hash = case when r.token_hash <> $2 and r.rotated_at > $6 then r.token_hash else $3 end,
    successor_nonce = case when r.token_hash <> $2 and r.rotated_at > $6 then r.successor_nonce else $4 end,
    rotated_at = case when r.token_hash <> $2 and r.rotated_at > $6 then r.rotated_at else $5 end,
    expires_at = case when r.token_hash <> $2 and r.rotated_at > $6 then r.expires_at else $7 end,
    previous_hash = $2,
    updated_at = $5"
    };
}

macro_rules! live_family {
    () => {
        "
where r.id = $1
    and (r.token_hash = $2 or r.previous_hash = $2)
    and not r.is_revoked
    and r.expires_at > $5"
    };
}

/// SQLite returns columns of the changed table alone, so the others are looked up one by one.
macro_rules! looked_up_session {
    ($($column:literal $name:literal),+) => {
        concat!($("(select ", $column, " from sessions where id = refresh_tokens.session_id) as ", $name, ", "),+)
    };
}

statements! {
    const INSERT: Sql = Sql::both("
insert into refresh_tokens (id, user_id, session_id, token_hash, device_info, expires_at, is_revoked, created_at, updated_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $8)");

    const ROTATE: Sql = Sql {
        postgres: concat!(
            rotate!(),
            "
from sessions s
join users u on u.id = s.user_id", live_family!(), "
    and s.id = r.session_id and s.ended_at is null and s.expires_at > $5 and u.is_active and u.deleted_at is null
returning r.successor_nonce, ", session_columns!(), ", ",
            user_columns!("u.")
        ),
        sqlite: concat!(
            rotate!(),
            live_family!(),
            "
    and exists (
        select 1
        from sessions s
        join users u on u.id = s.user_id
        where s.id = r.session_id and s.ended_at is null and s.expires_at > $5 and u.is_active and u.deleted_at is null
    )
returning successor_nonce, session_id, user_id, ",
            looked_up_session!(
                "kind" "kind", "device" "device", "ip_address" "ip_address", "user_agent" "user_agent", "method" "method",
                "is_persistent" "is_persistent", "created_at" "session_created_at", "last_seen_at" "last_seen_at",
                "authenticated_at" "authenticated_at", "expires_at" "expires_at"),
            user_columns!(@looked_up "user_id")
        ),
    };

    const STATE: Sql = Sql::both("
select user_id, session_id, token_hash, previous_hash, is_revoked, expires_at
from refresh_tokens
where id = $1");

    const RECORDS: Sql = Sql::both("
select session_id, device_info, created_at, rotated_at, expires_at, is_revoked
from refresh_tokens
where user_id = $1
order by id desc");
}

#[async_trait]
impl<DB: Backend> ReadRefreshTokens for SqlRepository<DB> {
    async fn refresh_token_state(&mut self, family_id: Uuid) -> Result<Option<RefreshTokenState>> {
        self.fetch_optional(query!(STATE, family_id), state).await
    }

    async fn refresh_records(&mut self, user_id: Uuid) -> Result<Vec<RefreshRecord>> {
        self.fetch_all(query!(RECORDS, user_id), record).await
    }
}

#[async_trait]
impl<DB: Backend> RefreshTokens for SqlRepository<DB> {
    async fn insert_refresh_token(&mut self, token: &NewRefreshToken) -> Result<()> {
        let insert = query!(
            INSERT,
            token.id,
            token.user_id,
            token.session_id,
            token.token_hash.as_str(),
            token.device_info.as_str(),
            Micros(token.expires_at),
            false,
            Micros(token.created_at)
        );
        self.execute(insert).await.map(drop)
    }

    async fn rotate_refresh_token(
        &mut self,
        rotation: &RefreshRotation,
    ) -> Result<Option<RotationOutcome>> {
        let update = query!(
            ROTATE,
            rotation.family_id,
            rotation.presented_hash.as_str(),
            rotation.fresh_hash.as_str(),
            rotation.fresh_nonce.as_str(),
            Micros(rotation.now),
            Micros(rotation.grace_since),
            Micros(rotation.expires_at)
        );
        self.fetch_optional(update, outcome).await
    }
}

fn outcome<DB: Backend>(row: &Row<DB>) -> Result<RotationOutcome> {
    Ok(RotationOutcome {
        principal: principal(row)?,
        successor_nonce: row.get("successor_nonce")?,
    })
}

readers! {
    record: RefreshRecord {
        session_id, device_info, created_at, rotated_at, expires_at, is_revoked,
    }
    state: RefreshTokenState {
        user_id, session_id, token_hash, previous_hash, is_revoked, expires_at,
    }
}
