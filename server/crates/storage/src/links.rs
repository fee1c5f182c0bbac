//! Mailed single-use links. Those that reset a password have a table of their own.
//!
//! A partial unique index holds the newest unused link of each user and purpose, so two that are
//! asked for at once cannot both stay valid.

use async_trait::async_trait;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;
use vestibule_core::model::{EmailAddress, LinkRecord, NewLink, PendingEmail, Purpose};
use vestibule_core::ports::{CodeAttempt, FoundLink, Links, ReadLinks, UsedLink};

use crate::backend::Backend;
use crate::micros::Micros;
use crate::repository::{Result, Row, SqlRepository, query, readers};
use crate::sql::{Sql, statements};
use crate::users::{user, user_columns};

/// Wrong codes count on against a new link that replaces one of this age or less: asking for
/// another mail gives no more guesses.
const ATTEMPTS_LAST: Duration = Duration::hours(1);

/// The links of a table by hash, each with its owner: $1 the hash, $2 now.
macro_rules! found_in {
    ($table:literal, $purpose:literal, $email:literal) => {
        concat!(
            "
select ",
            $purpose,
            " as purpose, ",
            $email,
            " as new_email, l.expires_at, not l.is_used and l.expires_at > $2 as is_unused,
    coalesce(not u.is_active and u.delete_at > $2, false) as is_scheduled,
    exists (
        select 1 from mail_outbox m where m.user_id = l.user_id and m.token_id = l.id and m.recipient = u.email
    ) as was_mailed_to_present_address, ",
            user_columns!("u."),
            "
from ",
            $table,
            " l
join users u on u.id = l.user_id
where l.token_hash = $1 and u.deleted_at is null"
        )
    };
}

statements! {
    const FIND: Sql = Sql::both(concat!(
        found_in!("mailed_links", "l.purpose", "l.email"),
        "
union all",
        found_in!("password_reset_tokens", "'reset_password'", "cast(null as text)")
    ));

    /// Using a link goes on to change the account, so the account is locked first; not for a link
    /// that is of no use.
    const LOCK_OWNER: Sql = Sql::both("
update users
set is_active = is_active
where id = (select user_id from mailed_links where token_hash = $1 and expires_at > $2 and purpose = $3 and not is_used)");

    /// $4 whether the purpose is for active accounts, $5 whether for those that are scheduled for
    /// deletion.
    const USE: Sql = Sql::both("
update mailed_links
set is_used = true
where token_hash = $1 and expires_at > $2 and purpose = $3 and not is_used
    and exists (
        select 1 from users u
        where u.id = mailed_links.user_id and u.deleted_at is null
            and ((u.is_active and $4) or (not u.is_active and u.delete_at > $2 and $5))
    )
returning user_id, email, session_id");

    const LOCK_OWNER_OF_RESET: Sql = Sql::both("
update users
set is_active = is_active
where id = (select user_id from password_reset_tokens where token_hash = $1 and expires_at > $2 and not is_used)");

    const USE_RESET: Sql = Sql::both("
update password_reset_tokens
set is_used = true
where token_hash = $1 and expires_at > $2 and not is_used
    and exists (
        select 1 from users u
        where u.id = password_reset_tokens.user_id and u.is_active and u.deleted_at is null
    )
returning user_id, cast(null as text) as email, cast(null as uuid) as session_id");

    const SUPERSEDE: Sql = Sql::both("
update mailed_links
set is_used = true
where user_id = $1 and purpose = $2 and not is_used
returning attempts, created_at");

    /// A conflict means that another link was inserted since the statement before; this one takes
    /// its row over.
    const INSERT: Sql = Sql::both("
insert into mailed_links (id, user_id, purpose, token_hash, attempts, expires_at, is_used, ip_address, user_agent,
    created_at, email, email_canonical, session_id, generation)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,
    case when $3 = 'revert_email' then (
        select coalesce(max(l.generation), 0) + 1 from mailed_links l where l.user_id = $2 and l.purpose = 'revert_email'
    ) end)
on conflict (user_id, purpose) where not is_used and purpose <> 'revert_email' do update
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

    const COUNT_ATTEMPT: Sql = Sql::both("
update mailed_links
set attempts = attempts + 1
where user_id = $1 and purpose = $2 and not is_used and expires_at > $3 and attempts < $4
returning id, token_hash, created_at");

    /// Together with the statement before no transaction: a client that tries codes at the same
    /// time is counted one after the other.
    const COUNT_ENTRY: Sql = Sql::both("
update users
set code_entries = code_entries + 1
where id = $1 and code_entries < $2");

    const VOID: Sql = Sql::both("
update mailed_links
set is_used = true
where user_id = $1 and not is_used and purpose <> 'revert_email'");

    const VOID_REVERTS: Sql = Sql::both("
update mailed_links
set is_used = true
where user_id = $1 and not is_used and purpose = 'revert_email'
    and generation > (select l.generation from mailed_links l where l.token_hash = $2)");

    const VOID_CHANGE: Sql = Sql::both("
update mailed_links
set is_used = true
where user_id = $1 and purpose = 'change_email' and not is_used and expires_at > $2");

    const VOID_CHANGE_OF_ENDED: Sql = Sql::both("
update mailed_links
set is_used = true
where user_id = $1 and purpose = 'change_email' and not is_used
    and session_id in (select s.id from sessions s where s.user_id = $1 and s.ended_at is not null)");

    const PENDING_CHANGE: Sql = Sql::both("
select email, created_at, expires_at
from mailed_links
where user_id = $1 and purpose = 'change_email' and not is_used and expires_at > $2 and email is not null");

    const RECORDS: Sql = Sql::both("
select purpose, email, ip_address, user_agent, created_at, expires_at, is_used
from mailed_links
where user_id = $1
union all
select 'reset_password', null, ip_address, user_agent, created_at, expires_at, is_used
from password_reset_tokens
where user_id = $1
order by created_at desc");
}

#[async_trait]
impl<DB: Backend> ReadLinks for SqlRepository<DB> {
    async fn find_link(
        &mut self,
        token_hash: &str,
        now: OffsetDateTime,
    ) -> Result<Option<FoundLink>> {
        let find = query!(FIND, token_hash, Micros(now));
        Ok(self.fetch_optional(find, found).await?.flatten())
    }

    async fn pending_change(
        &mut self,
        user_id: Uuid,
        now: OffsetDateTime,
    ) -> Result<Option<PendingEmail>> {
        let query = query!(PENDING_CHANGE, user_id, Micros(now));
        self.fetch_optional(query, pending).await
    }

    async fn link_records(&mut self, user_id: Uuid) -> Result<Vec<LinkRecord>> {
        self.fetch_all(query!(RECORDS, user_id), record).await
    }
}

#[async_trait]
impl<DB: Backend> Links for SqlRepository<DB> {
    async fn insert_link(&mut self, link: &NewLink) -> Result<()> {
        if link.purpose == Purpose::ResetPassword {
            return self.insert_reset(link).await;
        }
        let attempts = self.supersede(link).await?;
        let insert = query!(
            INSERT,
            link.id,
            link.user_id,
            link.purpose.as_str(),
            link.token_hash.as_str(),
            attempts,
            Micros(link.expires_at),
            false,
            link.ip_address.as_str(),
            link.user_agent.as_deref(),
            Micros(link.created_at),
            link.email.as_ref().map(EmailAddress::as_str),
            link.email.as_ref().map(EmailAddress::canonical),
            link.session_id
        );
        self.execute(insert).await.map(drop)
    }

    async fn use_link(
        &mut self,
        purpose: Purpose,
        token_hash: &str,
        now: OffsetDateTime,
    ) -> Result<Option<UsedLink>> {
        let by_hash = |sql| query!(sql, token_hash, Micros(now));
        let (lock, update) = if purpose == Purpose::ResetPassword {
            (by_hash(LOCK_OWNER_OF_RESET), by_hash(USE_RESET))
        } else {
            let accounts = purpose.accounts();
            let purpose = purpose.as_str();
            let update = by_hash(USE)
                .bind(purpose)
                .bind(accounts.admit(true, false))
                .bind(accounts.admit(false, true));
            (by_hash(LOCK_OWNER).bind(purpose), update)
        };
        self.execute(lock).await?;
        self.fetch_optional(update, used).await
    }

    async fn count_code_attempt(
        &mut self,
        user_id: Uuid,
        max_attempts: u32,
        max_in_a_row: u32,
        now: OffsetDateTime,
    ) -> Result<Option<CodeAttempt>> {
        let update = query!(
            COUNT_ATTEMPT,
            user_id,
            Purpose::VerifyEmail.as_str(),
            Micros(now),
            i32::try_from(max_attempts).unwrap_or(i32::MAX)
        );
        let attempt = self.fetch_optional(update, attempt).await?;
        // Of nobody where there is no such link, in the same time.
        let of = attempt.as_ref().map_or(Uuid::nil(), |_| user_id);
        let count = query!(
            COUNT_ENTRY,
            of,
            i32::try_from(max_in_a_row).unwrap_or(i32::MAX)
        );
        let is_counted = self.execute(count).await? > 0;
        Ok(attempt.filter(|_| is_counted))
    }

    async fn void_links(&mut self, user_id: Uuid) -> Result<()> {
        self.execute(query!(VOID, user_id)).await?;
        self.execute(query!(SUPERSEDE_RESET, user_id))
            .await
            .map(drop)
    }

    async fn void_later_reverts(&mut self, user_id: Uuid, token_hash: &str) -> Result<()> {
        let update = query!(VOID_REVERTS, user_id, token_hash);
        self.execute(update).await.map(drop)
    }

    async fn void_pending_change(&mut self, user_id: Uuid, now: OffsetDateTime) -> Result<bool> {
        let update = query!(VOID_CHANGE, user_id, Micros(now));
        Ok(self.execute(update).await? > 0)
    }

    async fn void_change_of_ended_session(&mut self, user_id: Uuid) -> Result<()> {
        let update = query!(VOID_CHANGE_OF_ENDED, user_id);
        self.execute(update).await.map(drop)
    }
}

impl<DB: Backend> SqlRepository<DB> {
    async fn insert_reset(&mut self, link: &NewLink) -> Result<()> {
        self.execute(query!(SUPERSEDE_RESET, link.user_id)).await?;
        let insert = query!(
            INSERT_RESET,
            link.id,
            link.user_id,
            link.token_hash.as_str(),
            Micros(link.expires_at),
            false,
            link.ip_address.as_str(),
            link.user_agent.as_deref(),
            Micros(link.created_at)
        );
        self.execute(insert).await.map(drop)
    }

    /// Makes the earlier link of the purpose worthless, and gives the wrong codes that go over to
    /// this one.
    async fn supersede(&mut self, link: &NewLink) -> Result<i32> {
        if link.purpose == Purpose::RevertEmail {
            return Ok(0);
        }
        let supersede = query!(SUPERSEDE, link.user_id, link.purpose.as_str());
        let superseded = self.fetch_optional(supersede, superseded).await?;
        Ok(match superseded {
            Some((attempts, created_at)) if link.created_at - created_at <= ATTEMPTS_LAST => {
                attempts
            }
            _ => 0,
        })
    }
}

fn superseded<DB: Backend>(row: &Row<DB>) -> Result<(i32, OffsetDateTime)> {
    Ok((row.get("attempts")?, row.get("created_at")?))
}

/// `None` for a purpose that a newer version knows.
fn found<DB: Backend>(row: &Row<DB>) -> Result<Option<FoundLink>> {
    let Some(purpose) = Purpose::from_code(&row.get::<String>("purpose")?) else {
        return Ok(None);
    };
    let owner = user(row)?;
    let is_scheduled = row.get::<bool>("is_scheduled")?;
    let is_admitted = purpose.accounts().admit(owner.is_active, is_scheduled);
    Ok(Some(FoundLink {
        purpose,
        is_live: row.get::<bool>("is_unused")? && is_admitted,
        owner,
        email: row.get("new_email")?,
        expires_at: row.get("expires_at")?,
        was_mailed_to_present_address: row.get("was_mailed_to_present_address")?,
    }))
}

readers! {
    attempt: CodeAttempt { token_id from "id", token_hash, created_at }
    used: UsedLink { user_id, email, session_id }
    pending: PendingEmail { email, requested_at from "created_at", expires_at }
    record: LinkRecord {
        purpose, email, ip_address, user_agent, created_at, expires_at, is_used,
    }
}
