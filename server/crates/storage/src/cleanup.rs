//! Deleting what has expired, a part at a time.
//!
//! Most ids carry the time at which they were made (UUIDv7),
//! so the oldest rows are found by the primary key.

use async_trait::async_trait;
use time::OffsetDateTime;
use uuid::Uuid;
use vestibule_core::ports::{Cleanup, Expired, StoreError};

use crate::backend::Backend;
use crate::micros::Micros;
use crate::repository::{Result, Row, SqlRepository, query};
use crate::sql::{Sql, statements};

/// Deletes the oldest rows of a table whose ids are lower than $1, $2 at most.
macro_rules! delete_by_id {
    ($table:literal $(, $condition:literal)?) => {
        concat!(
            "
delete from ", $table, "
where id in (
    select id
    from ", $table, "
    where id < $1", $(" and ", $condition,)? "
    order by id
    limit $2
)"
        )
    };
}

/// Deletes rows of a table that are of the user $1, $2 at most.
macro_rules! delete_of_user {
    ($table:literal) => {
        concat!(
            "
delete from ",
            $table,
            "
where id in (select id from ",
            $table,
            " where user_id = $1 limit $2)"
        )
    };
}

macro_rules! claim_due {
    ($lock:literal) => {
        concat!(
            "
update users
set deleted_at = coalesce(deleted_at, $3)
where id = (
    select id
    from users
    where (delete_at, id) > ($1, $2) and delete_at <= $3 and not is_active
    order by delete_at, id
    limit 1 ",
            $lock,
            "
)
returning delete_at, id"
        )
    };
}

macro_rules! due {
    ($lock:literal) => {
        concat!(
            "select id from users where id = $1 and delete_at <= $2 and not is_active ",
            $lock
        )
    };
}

statements! {
    const LEASE: Sql = Sql::both("
insert into jobs (name, lease_id, leased_until)
values ($1, $2, $3)
on conflict (name) do update
set lease_id = excluded.lease_id, leased_until = excluded.leased_until
where jobs.lease_id = excluded.lease_id or jobs.leased_until <= $4
returning lease_id");

    const RELEASE: Sql = Sql::both("delete from jobs where name = $1 and lease_id = $2");

    const MAILED_LINKS: Sql = Sql::both(delete_by_id!("mailed_links"));

    const RESET_TOKENS: Sql = Sql::both(delete_by_id!("password_reset_tokens"));

    const MAILS: Sql = Sql::both(delete_by_id!("mail_outbox", "status <> 'pending'"));

    const EVENTS: Sql = Sql::both(delete_by_id!("audit_logs"));

    const REFRESH_EVENTS: Sql = Sql::both(delete_by_id!("audit_logs", "event_type = 'token_refreshed'"));

    const REFUSALS: Sql = Sql::both(delete_by_id!(
        "audit_logs",
        "event_type in ('request_refused', 'rate_limited', 'login_limited')"));

    /// Their refresh tokens go by the foreign key.
    const SESSIONS: Sql = Sql::both("
delete from sessions
where id in (
    select id
    from sessions
    where coalesce(ended_at, expires_at) < $1
    order by coalesce(ended_at, expires_at)
    limit $2
)");

    const FORM_SUBMISSIONS: Sql = Sql::both("
delete from form_submissions
where form_key in (
    select form_key
    from form_submissions
    where expires_at < $1
    order by expires_at
    limit $2
)");

    const APP_SESSIONS: Sql = Sql::both("
delete from app_sessions
where id in (
    select id
    from app_sessions
    where coalesce(ended_at, expires_at) < $1
    order by coalesce(ended_at, expires_at)
    limit $2
)");

    const SPENT_CODES: Sql = Sql::both("
delete from spent_codes
where id in (
    select id
    from spent_codes
    where spent_at < $1
    order by spent_at
    limit $2
)");

    const SIGNING_KEYS: Sql = Sql::both("
delete from signing_keys
where kid in (
    select kid
    from signing_keys
    where key_set = $1 and algorithm = $2 and expires_at < $3
    order by generation
    limit $4
)");

    /// A sign-in that is under way changes the account, and the outer conditions are asked again
    /// after it: they are what keeps an account whose session the inner ones do not see yet.
    const SCHEDULE_UNVERIFIED: Sql = Sql::both("
update users
set is_active = false, delete_at = $2, updated_at = $2
where id in (
        select u.id
        from users u
        where not u.is_email_verified and u.created_at < $1 and (u.last_login_at is null or u.last_login_at < $1)
            and u.is_active and u.deleted_at is null
            and not exists (
                select 1 from sessions s where s.user_id = u.id and s.ended_at is null and s.expires_at > $2
            )
        order by u.created_at
        limit $3
    )
    and not is_email_verified and (last_login_at is null or last_login_at < $1) and is_active");

    /// Workers pass over an account that another one is just deleting, or that is just being kept.
    const CLAIM_DUE: Sql = Sql { postgres: claim_due!("for update skip locked"), sqlite: claim_due!("") };

    const EVENTS_OF_USER: Sql = Sql::both(delete_of_user!("audit_logs"));

    const MAILS_OF_USER: Sql = Sql::both(delete_of_user!("mail_outbox"));

    const MAILED_LINKS_OF_USER: Sql = Sql::both(delete_of_user!("mailed_links"));

    const RESET_TOKENS_OF_USER: Sql = Sql::both(delete_of_user!("password_reset_tokens"));

    const APP_SESSIONS_OF_USER: Sql = Sql::both(delete_of_user!("app_sessions"));

    const SESSIONS_OF_USER: Sql = Sql::both(delete_of_user!("sessions"));

    /// The lock keeps every new reference out, so that no event is written about the account while
    /// it goes.
    const LOCK_DUE: Sql = Sql { postgres: due!("for update"), sqlite: due!("") };

    /// What else belongs to the account goes by its foreign keys.
    const ERASE: Sql = Sql::both("
delete from users
where id = $1 and delete_at <= $2 and not is_active");
}

/// What belongs to an account, in the order in which it goes.
const OF_USER: [Sql; 6] = [
    EVENTS_OF_USER,
    MAILS_OF_USER,
    MAILED_LINKS_OF_USER,
    RESET_TOKENS_OF_USER,
    APP_SESSIONS_OF_USER,
    SESSIONS_OF_USER,
];

/// More than this at once would be a long statement.
const EVENTS_AT_ONCE: i32 = 1000;

#[async_trait]
impl<DB: Backend> Cleanup for SqlRepository<DB> {
    async fn lease_job(
        &mut self,
        name: &str,
        lease_id: Uuid,
        until: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Result<bool> {
        let lease = query!(LEASE, name, lease_id, Micros(until), Micros(now));
        let leased = self.fetch_optional(lease, |row| row.get::<Uuid>("lease_id"));
        Ok(leased.await?.is_some())
    }

    async fn release_job(&mut self, name: &str, lease_id: Uuid) -> Result<()> {
        let release = query!(RELEASE, name, lease_id);
        self.execute(release).await.map(drop)
    }

    async fn delete_expired(
        &mut self,
        what: Expired,
        before: OffsetDateTime,
        limit: u32,
    ) -> Result<u64> {
        let delete = match what {
            Expired::Sessions => query!(SESSIONS, Micros(before)),
            Expired::SigningKeys(kind) => {
                query!(SIGNING_KEYS, kind.set, kind.algorithm, Micros(before))
            }
            Expired::FormSubmissions => query!(FORM_SUBMISSIONS, Micros(before)),
            Expired::AppSessions => query!(APP_SESSIONS, Micros(before)),
            Expired::SpentCodes => query!(SPENT_CODES, Micros(before)),
            Expired::MailedLinks => query!(MAILED_LINKS, first_id(before)?),
            Expired::ResetTokens => query!(RESET_TOKENS, first_id(before)?),
            Expired::Mails => query!(MAILS, first_id(before)?),
            Expired::Events => query!(EVENTS, first_id(before)?),
            Expired::RefreshEvents => query!(REFRESH_EVENTS, first_id(before)?),
            Expired::Refusals => query!(REFUSALS, first_id(before)?),
        };
        self.execute(delete.bind(rows(limit))).await
    }

    async fn schedule_unverified(
        &mut self,
        before: OffsetDateTime,
        now: OffsetDateTime,
        limit: u32,
    ) -> Result<u64> {
        let update = query!(
            SCHEDULE_UNVERIFIED,
            Micros(before),
            Micros(now),
            rows(limit)
        );
        self.execute(update).await
    }

    async fn claim_due_deletion(
        &mut self,
        (after, after_id): (OffsetDateTime, Uuid),
        now: OffsetDateTime,
    ) -> Result<Option<(OffsetDateTime, Uuid)>> {
        let claim = query!(CLAIM_DUE, Micros(after), after_id, Micros(now));
        self.fetch_optional(claim, due).await
    }

    async fn erase_part(&mut self, user_id: Uuid, limit: u32) -> Result<u64> {
        for sql in OF_USER {
            let delete = query!(sql, user_id, rows(limit));
            let deleted = self.execute(delete).await?;
            if deleted > 0 {
                return Ok(deleted);
            }
        }
        Ok(0)
    }

    async fn erase_user(&mut self, id: Uuid, now: OffsetDateTime) -> Result<bool> {
        let lock = query!(LOCK_DUE, id, Micros(now));
        let locked = self.fetch_optional(lock, |row| row.get::<Uuid>("id"));
        if locked.await?.is_none() {
            return Ok(false);
        }
        // Its foreign key would only take the user's id out of them.
        let events = || query!(EVENTS_OF_USER, id, EVENTS_AT_ONCE);
        while self.execute(events()).await? > 0 {}
        let erase = query!(ERASE, id, Micros(now));
        Ok(self.execute(erase).await? > 0)
    }
}

/// Lower than any id that is made at this time or later.
fn first_id(at: OffsetDateTime) -> Result<Uuid> {
    let millis = u64::try_from(at.unix_timestamp_nanos() / 1_000_000)
        .map_err(|error| StoreError::Unexpected(Box::new(error)))?;
    Ok(uuid::Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid())
}

fn rows(limit: u32) -> i32 {
    i32::try_from(limit).unwrap_or(i32::MAX)
}

fn due<DB: Backend>(row: &Row<DB>) -> Result<(OffsetDateTime, Uuid)> {
    Ok((row.get("delete_at")?, row.get("id")?))
}
