//! Mailed single-use tokens. Those that reset a password have a table of their own.
//!
//! A partial unique index holds the newest unused token of each user and purpose, so two that are asked for at once
//! cannot both stay valid.

use async_trait::async_trait;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;
use vestibule_core::model::{NewOneTimeToken, Purpose};
use vestibule_core::ports::{CodeAttempt, OneTimeTokens};

use crate::backend::Backend;
use crate::micros::Micros;
use crate::repository::{Hold, Query, Result, Row, SqlRepository};

/// Wrong codes count on against a new token that replaces one of this age or less: asking for another mail gives no
/// more guesses.
const ATTEMPTS_LAST: Duration = Duration::hours(1);

const SUPERSEDE: &str = "
update one_time_tokens
set is_used = true
where user_id = $1 and purpose = $2 and not is_used
returning attempts, created_at";

/// A conflict means that another token was inserted since the statement before; this one takes its row over.
const INSERT: &str = "
insert into one_time_tokens (id, user_id, purpose, token_hash, attempts, expires_at, is_used, ip_address, user_agent,
    created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
on conflict (user_id, purpose) where not is_used do update
set id = excluded.id, token_hash = excluded.token_hash, expires_at = excluded.expires_at,
    ip_address = excluded.ip_address, user_agent = excluded.user_agent, created_at = excluded.created_at";

/// Consuming a token goes on to change the account, so the account is locked first.
const LOCK_OWNER: &str = "
update users
set is_active = is_active
where id = (select user_id from one_time_tokens where token_hash = $1 and purpose = $2 and not is_used)";

const CONSUME: &str = "
update one_time_tokens
set is_used = true
where token_hash = $1 and purpose = $2 and not is_used and expires_at > $3
    and exists (
        select 1 from users u
        where u.id = one_time_tokens.user_id and u.is_active and u.deleted_at is null
    )
returning user_id";

const OWNER: &str = "
select t.user_id
from one_time_tokens t
join users u on u.id = t.user_id
where t.token_hash = $1 and t.purpose = $2 and not t.is_used and t.expires_at > $3
    and u.is_active and u.deleted_at is null";

const COUNT_ATTEMPT: &str = "
update one_time_tokens
set attempts = attempts + 1
where user_id = $1 and purpose = $2 and not is_used and expires_at > $3 and attempts < $4
returning id, token_hash, created_at";

const VOID: &str = "
update one_time_tokens
set is_used = true
where user_id = $1 and not is_used";

const SUPERSEDE_RESET: &str = "
update password_reset_tokens
set is_used = true
where user_id = $1 and not is_used";

const INSERT_RESET: &str = "
insert into password_reset_tokens (id, user_id, token_hash, expires_at, is_used, ip_address, user_agent, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (user_id) where not is_used do update
set id = excluded.id, token_hash = excluded.token_hash, expires_at = excluded.expires_at,
    ip_address = excluded.ip_address, user_agent = excluded.user_agent, created_at = excluded.created_at";

const LOCK_RESET_OWNER: &str = "
update users
set is_active = is_active
where id = (select user_id from password_reset_tokens where token_hash = $1 and not is_used)";

const CONSUME_RESET: &str = "
update password_reset_tokens
set is_used = true
where token_hash = $1 and not is_used and expires_at > $2
    and exists (
        select 1 from users u
        where u.id = password_reset_tokens.user_id and u.is_active and u.deleted_at is null
    )
returning user_id";

const RESET_OWNER: &str = "
select t.user_id
from password_reset_tokens t
join users u on u.id = t.user_id
where t.token_hash = $1 and not t.is_used and t.expires_at > $2 and u.is_active and u.deleted_at is null";

pub(crate) const STATEMENTS: &[&str] = &[
    SUPERSEDE,
    INSERT,
    LOCK_OWNER,
    CONSUME,
    OWNER,
    COUNT_ATTEMPT,
    VOID,
    SUPERSEDE_RESET,
    INSERT_RESET,
    LOCK_RESET_OWNER,
    CONSUME_RESET,
    RESET_OWNER,
];

#[async_trait]
impl<DB: Backend, C: Hold<DB>> OneTimeTokens for SqlRepository<DB, C> {
    async fn insert_one_time_token(&mut self, token: &NewOneTimeToken) -> Result<()> {
        match token.purpose {
            Purpose::ResetPassword => self.insert_reset_token(token).await,
            Purpose::VerifyEmail => self.insert_other_token(token).await,
        }
    }

    async fn consume_token(
        &mut self,
        purpose: Purpose,
        token_hash: &str,
        now: OffsetDateTime,
    ) -> Result<Option<Uuid>> {
        let (lock, consume) = match purpose {
            Purpose::ResetPassword => (LOCK_RESET_OWNER, CONSUME_RESET),
            Purpose::VerifyEmail => (LOCK_OWNER, CONSUME),
        };
        self.execute(Self::by_hash(lock, purpose, token_hash))
            .await?;
        self.fetch_optional(
            Self::by_hash(consume, purpose, token_hash).bind(Micros(now)),
            user_id,
        )
        .await
    }

    async fn token_owner(
        &mut self,
        purpose: Purpose,
        token_hash: &str,
        now: OffsetDateTime,
    ) -> Result<Option<Uuid>> {
        let owner = match purpose {
            Purpose::ResetPassword => RESET_OWNER,
            Purpose::VerifyEmail => OWNER,
        };
        self.fetch_optional(
            Self::by_hash(owner, purpose, token_hash).bind(Micros(now)),
            user_id,
        )
        .await
    }

    async fn count_code_attempt(
        &mut self,
        user_id: Uuid,
        max_attempts: u32,
        now: OffsetDateTime,
    ) -> Result<Option<CodeAttempt>> {
        let update = Self::query(COUNT_ATTEMPT)
            .bind(user_id)
            .bind(Purpose::VerifyEmail.as_str())
            .bind(Micros(now))
            .bind(i32::try_from(max_attempts).unwrap_or(i32::MAX));
        self.fetch_optional(update, attempt).await
    }

    async fn void_tokens(&mut self, user_id: Uuid) -> Result<()> {
        self.execute(Self::query(VOID).bind(user_id)).await?;
        self.execute(Self::query(SUPERSEDE_RESET).bind(user_id))
            .await
            .map(drop)
    }
}

impl<DB: Backend, C: Hold<DB>> SqlRepository<DB, C> {
    /// The table of reset tokens holds no purpose.
    fn by_hash(sql: &'static str, purpose: Purpose, token_hash: &str) -> Query<DB> {
        match purpose {
            Purpose::ResetPassword => Self::query(sql).bind(token_hash),
            Purpose::VerifyEmail => Self::query(sql).bind(token_hash).bind(purpose.as_str()),
        }
    }

    async fn insert_reset_token(&mut self, token: &NewOneTimeToken) -> Result<()> {
        self.execute(Self::query(SUPERSEDE_RESET).bind(token.user_id))
            .await?;
        let insert = Self::query(INSERT_RESET)
            .bind(token.id)
            .bind(token.user_id)
            .bind(token.token_hash.as_str())
            .bind(Micros(token.expires_at))
            .bind(false)
            .bind(token.ip_address.as_str())
            .bind(token.user_agent.as_deref())
            .bind(Micros(token.created_at));
        self.execute(insert).await.map(drop)
    }

    async fn insert_other_token(&mut self, token: &NewOneTimeToken) -> Result<()> {
        let supersede = Self::query(SUPERSEDE)
            .bind(token.user_id)
            .bind(token.purpose.as_str());
        let superseded = self.fetch_optional(supersede, superseded).await?;
        let attempts = match superseded {
            Some((attempts, created_at)) if token.created_at - created_at <= ATTEMPTS_LAST => {
                attempts
            }
            _ => 0,
        };
        let insert = Self::query(INSERT)
            .bind(token.id)
            .bind(token.user_id)
            .bind(token.purpose.as_str())
            .bind(token.token_hash.as_str())
            .bind(attempts)
            .bind(Micros(token.expires_at))
            .bind(false)
            .bind(token.ip_address.as_str())
            .bind(token.user_agent.as_deref())
            .bind(Micros(token.created_at));
        self.execute(insert).await.map(drop)
    }
}

fn user_id<DB: Backend>(row: &Row<DB>) -> Result<Uuid> {
    row.get("user_id")
}

fn superseded<DB: Backend>(row: &Row<DB>) -> Result<(i32, OffsetDateTime)> {
    Ok((row.get("attempts")?, row.time("created_at")?))
}

fn attempt<DB: Backend>(row: &Row<DB>) -> Result<CodeAttempt> {
    Ok(CodeAttempt {
        token_id: row.get("id")?,
        token_hash: row.get("token_hash")?,
        created_at: row.time("created_at")?,
    })
}
