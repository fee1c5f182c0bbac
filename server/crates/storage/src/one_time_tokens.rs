//! Mailed single-use tokens. Those that reset a password, and those that revert a change of address, have tables of their
//! own.
//!
//! A partial unique index holds the newest unused token of each user and purpose, so two that are asked for at once
//! cannot both stay valid.

use async_trait::async_trait;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;
use vestibule_core::model::{EmailAddress, NewOneTimeToken, PendingEmail, Purpose, TokenRecord};
use vestibule_core::ports::{CodeAttempt, FoundToken, OneTimeTokens, ReadOneTimeTokens};

use crate::backend::Backend;
use crate::micros::Micros;
use crate::repository::{Query, Result, Row, SqlRepository};
use crate::sql::{Sql, statements};
use crate::token_statements::by_hash;

/// Wrong codes count on against a new token that replaces one of this age or less: asking for another mail gives no
/// more guesses.
const ATTEMPTS_LAST: Duration = Duration::hours(1);

statements! {
    const SUPERSEDE: Sql = Sql::both("
update one_time_tokens
set is_used = true
where user_id = $1 and purpose = $2 and not is_used
returning attempts, created_at");

    /// A conflict means that another token was inserted since the statement before; this one takes its row over.
    const INSERT: Sql = Sql::both("
insert into one_time_tokens (id, user_id, purpose, token_hash, attempts, expires_at, is_used, ip_address, user_agent,
    created_at, email, email_canonical, session_id)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
on conflict (user_id, purpose) where not is_used do update
set id = excluded.id, token_hash = excluded.token_hash, expires_at = excluded.expires_at,
    ip_address = excluded.ip_address, user_agent = excluded.user_agent, created_at = excluded.created_at,
    email = excluded.email, email_canonical = excluded.email_canonical, session_id = excluded.session_id");

    const SUPERSEDE_RESET: Sql = Sql::both("
update password_reset_tokens
set is_used = true
where user_id = $1 and not is_used");

    const INSERT_RESET: Sql = Sql::both("
insert into password_reset_tokens (id, user_id, token_hash, expires_at, is_used, ip_address, user_agent, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (user_id) where not is_used do update
set id = excluded.id, token_hash = excluded.token_hash, expires_at = excluded.expires_at,
    ip_address = excluded.ip_address, user_agent = excluded.user_agent, created_at = excluded.created_at");

    const INSERT_REVERT: Sql = Sql::both("
insert into email_revert_tokens (id, user_id, token_hash, expires_at, is_used, ip_address, user_agent, created_at, email,
    email_canonical, generation)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10,
    (select coalesce(max(t.generation), 0) + 1 from email_revert_tokens t where t.user_id = $2))");

    const COUNT_ATTEMPT: Sql = Sql::both("
update one_time_tokens
set attempts = attempts + 1
where user_id = $1 and purpose = $2 and not is_used and expires_at > $3 and attempts < $4
returning id, token_hash, created_at");

    /// Together with the statement before no transaction: who tries codes at the same time is counted one after the other.
    const COUNT_ENTRY: Sql = Sql::both("
update users
set code_entries = code_entries + 1
where id = $1 and code_entries < $2");

    const VOID: Sql = Sql::both("
update one_time_tokens
set is_used = true
where user_id = $1 and not is_used");

    const VOID_REVERTS: Sql = Sql::both("
update email_revert_tokens
set is_used = true
where user_id = $1 and not is_used
    and generation > (select t.generation from email_revert_tokens t where t.token_hash = $2)");

    const VOID_CHANGE: Sql = Sql::both("
update one_time_tokens
set is_used = true
where user_id = $1 and purpose = 'change_email' and not is_used and expires_at > $2");

    const VOID_CHANGE_OF_ENDED: Sql = Sql::both("
update one_time_tokens
set is_used = true
where user_id = $1 and purpose = 'change_email' and not is_used
    and session_id in (select s.id from sessions s where s.user_id = $1 and s.ended_at is not null)");

    const PENDING_CHANGE: Sql = Sql::both("
select email, created_at, expires_at
from one_time_tokens
where user_id = $1 and purpose = 'change_email' and not is_used and expires_at > $2 and email is not null");

    const REQUESTER: Sql = Sql::both("
select session_id
from one_time_tokens
where token_hash = $1 and session_id is not null");

    const RECORDS: Sql = Sql::both("
select purpose, email, ip_address, user_agent, created_at, expires_at, is_used
from one_time_tokens
where user_id = $1
union all
select 'reset_password', null, ip_address, user_agent, created_at, expires_at, is_used
from password_reset_tokens
where user_id = $1
union all
select 'revert_email', email, ip_address, user_agent, created_at, expires_at, is_used
from email_revert_tokens
where user_id = $1
order by created_at desc");
}

#[async_trait]
impl<DB: Backend> ReadOneTimeTokens for SqlRepository<DB> {
    async fn token_owner(
        &mut self,
        purpose: Purpose,
        token_hash: &str,
        now: OffsetDateTime,
    ) -> Result<Option<Uuid>> {
        let owner = Self::by_hash(by_hash(purpose).owner, purpose, token_hash).bind(Micros(now));
        self.fetch_optional(owner, user_id).await
    }

    async fn find_token(
        &mut self,
        purpose: Purpose,
        token_hash: &str,
    ) -> Result<Option<FoundToken>> {
        let find = Self::by_hash(by_hash(purpose).find, purpose, token_hash);
        self.fetch_optional(find, found).await
    }

    async fn pending_change(
        &mut self,
        user_id: Uuid,
        now: OffsetDateTime,
    ) -> Result<Option<PendingEmail>> {
        let query = Self::query(PENDING_CHANGE).bind(user_id).bind(Micros(now));
        self.fetch_optional(query, pending).await
    }

    async fn token_requester(&mut self, token_hash: &str) -> Result<Option<Uuid>> {
        let query = Self::query(REQUESTER).bind(token_hash);
        self.fetch_optional(query, |row| row.get("session_id"))
            .await
    }

    async fn token_records(&mut self, user_id: Uuid) -> Result<Vec<TokenRecord>> {
        self.fetch_all(Self::query(RECORDS).bind(user_id), record)
            .await
    }
}

#[async_trait]
impl<DB: Backend> OneTimeTokens for SqlRepository<DB> {
    async fn insert_one_time_token(&mut self, token: &NewOneTimeToken) -> Result<()> {
        match token.purpose {
            Purpose::ResetPassword => self.insert_reset_token(token).await,
            Purpose::RevertEmail => self.insert_revert_token(token).await,
            Purpose::VerifyEmail | Purpose::ChangeEmail | Purpose::CancelDeletion => {
                self.insert_other_token(token).await
            }
        }
    }

    async fn consume_token(
        &mut self,
        purpose: Purpose,
        token_hash: &str,
        now: OffsetDateTime,
    ) -> Result<Option<Uuid>> {
        let sql = by_hash(purpose);
        self.execute(Self::by_hash(sql.lock, purpose, token_hash).bind(Micros(now)))
            .await?;
        let consume = Self::by_hash(sql.consume, purpose, token_hash).bind(Micros(now));
        self.fetch_optional(consume, user_id).await
    }

    async fn count_code_attempt(
        &mut self,
        user_id: Uuid,
        max_attempts: u32,
        max_in_a_row: u32,
        now: OffsetDateTime,
    ) -> Result<Option<CodeAttempt>> {
        let update = Self::query(COUNT_ATTEMPT)
            .bind(user_id)
            .bind(Purpose::VerifyEmail.as_str())
            .bind(Micros(now))
            .bind(i32::try_from(max_attempts).unwrap_or(i32::MAX));
        let attempt = self.fetch_optional(update, attempt).await?;
        // Of nobody where there is no such token, in the same time.
        let of = attempt.as_ref().map_or(Uuid::nil(), |_| user_id);
        let count = Self::query(COUNT_ENTRY)
            .bind(of)
            .bind(i32::try_from(max_in_a_row).unwrap_or(i32::MAX));
        let is_counted = self.execute(count).await? > 0;
        Ok(attempt.filter(|_| is_counted))
    }

    async fn void_tokens(&mut self, user_id: Uuid) -> Result<()> {
        self.execute(Self::query(VOID).bind(user_id)).await?;
        self.execute(Self::query(SUPERSEDE_RESET).bind(user_id))
            .await
            .map(drop)
    }

    async fn void_later_reverts(&mut self, user_id: Uuid, token_hash: &str) -> Result<()> {
        let update = Self::query(VOID_REVERTS).bind(user_id).bind(token_hash);
        self.execute(update).await.map(drop)
    }

    async fn void_pending_change(&mut self, user_id: Uuid, now: OffsetDateTime) -> Result<bool> {
        let update = Self::query(VOID_CHANGE).bind(user_id).bind(Micros(now));
        Ok(self.execute(update).await? > 0)
    }

    async fn void_change_of_ended_session(&mut self, user_id: Uuid) -> Result<()> {
        let update = Self::query(VOID_CHANGE_OF_ENDED).bind(user_id);
        self.execute(update).await.map(drop)
    }
}

impl<DB: Backend> SqlRepository<DB> {
    /// Tables of one purpose hold no purpose.
    fn by_hash(sql: Sql, purpose: Purpose, token_hash: &str) -> Query<DB> {
        let query = Self::query(sql).bind(token_hash);
        match purpose {
            Purpose::ResetPassword | Purpose::RevertEmail => query,
            Purpose::VerifyEmail | Purpose::ChangeEmail | Purpose::CancelDeletion => {
                query.bind(purpose.as_str())
            }
        }
    }

    async fn insert_revert_token(&mut self, token: &NewOneTimeToken) -> Result<()> {
        let insert = Self::query(INSERT_REVERT)
            .bind(token.id)
            .bind(token.user_id)
            .bind(token.token_hash.as_str())
            .bind(Micros(token.expires_at))
            .bind(false)
            .bind(token.ip_address.as_str())
            .bind(token.user_agent.as_deref())
            .bind(Micros(token.created_at))
            .bind(token.email.as_ref().map(EmailAddress::as_str))
            .bind(token.email.as_ref().map(EmailAddress::canonical));
        self.execute(insert).await.map(drop)
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
            .bind(Micros(token.created_at))
            .bind(token.email.as_ref().map(EmailAddress::as_str))
            .bind(token.email.as_ref().map(EmailAddress::canonical))
            .bind(token.session_id);
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

fn found<DB: Backend>(row: &Row<DB>) -> Result<FoundToken> {
    Ok(FoundToken {
        user_id: row.get("user_id")?,
        email: row.get("email")?,
        created_at: row.time("created_at")?,
        expires_at: row.time("expires_at")?,
        was_mailed_to_present_address: row.get("was_mailed_to_present_address")?,
    })
}

fn pending<DB: Backend>(row: &Row<DB>) -> Result<PendingEmail> {
    Ok(PendingEmail {
        email: row.get("email")?,
        requested_at: row.time("created_at")?,
        expires_at: row.time("expires_at")?,
    })
}

fn record<DB: Backend>(row: &Row<DB>) -> Result<TokenRecord> {
    Ok(TokenRecord {
        purpose: row.code("purpose", Purpose::from_code)?,
        email: row.get("email")?,
        ip_address: row.get("ip_address")?,
        user_agent: row.get("user_agent")?,
        created_at: row.time("created_at")?,
        expires_at: row.time("expires_at")?,
        is_used: row.get("is_used")?,
    })
}
