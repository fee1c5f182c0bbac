//! Accounts.

use async_trait::async_trait;
use time::OffsetDateTime;
use uuid::Uuid;
use vestibule_core::model::{Account, EmailAddress, Language, NewUser, User};
use vestibule_core::ports::{
    MAX_LIVE_SESSIONS, NewSignIn, ReadUsers, SignInHistory, StoreError, Users,
};

use crate::backend::Backend;
use crate::micros::Micros;
use crate::repository::{Query, Result, Row, SqlRepository, query, readers};
use crate::sql::{Sql, statements};

/// The columns that [`user`] reads, each after a prefix such as `u.`; which they are is the core's
/// list. With `@looked_up` they are sub-queries by a column of `refresh_tokens`, for a database
/// that returns no columns of another table.
macro_rules! user_columns {
    () => {
        user_columns!("")
    };
    ($prefix:literal) => {
        vestibule_core::with_user_columns!(user_columns!(@prefixed $prefix))
    };
    (@looked_up $key:literal) => {
        vestibule_core::with_user_columns!(user_columns!(@looked_up $key))
    };
    (@prefixed $prefix:literal $first:ident $($column:ident)+) => {
        concat!($prefix, stringify!($first), $(", ", $prefix, stringify!($column)),+)
    };
    (@looked_up $key:literal id $($column:ident)+) => {
        concat!($key, " as id", $(", (select ", stringify!($column), " from users where id = refresh_tokens.", $key, ") as ",
            stringify!($column)),+)
    };
}
pub(crate) use user_columns;

statements! {
    const BY_ID: Sql = Sql::both(concat!("
select ", user_columns!(), "
from users
where id = $1 and deleted_at is null"));

    /// A write that changes nothing.
    const LOCK_ACTIVE: Sql = Sql::both(concat!("
update users
set is_active = is_active
where id = $1 and is_active and deleted_at is null
returning ", user_columns!()));

    const ACCOUNT_BY_ID: Sql = Sql::both(concat!("
select ", user_columns!(), ", password_hash
from users
where id = $1 and deleted_at is null"));

    const ACCOUNT_BY_EMAIL: Sql = Sql::both(concat!("
select ", user_columns!(), ", password_hash
from users
where email_canonical = $1 and deleted_at is null"));

    /// The last of the three asks whether there is one session more than are passed over.
    const ACCOUNT_TO_SIGN_IN: Sql = Sql::both(concat!("
select ", user_columns!("u."), ", u.password_hash,
    exists (select 1 from sessions s where s.user_id = u.id) as has_sessions,
    exists (
        select 1 from sessions s
        where s.user_id = u.id and s.device = $2 and s.kind = 'api'
            and (cast($3 as text) is null or coalesce(s.user_agent, '') = $3)
    ) as knows_device,
    exists (select 1 from sessions s where s.user_id = u.id and s.ended_at is null and s.expires_at > $5 limit 1 offset $4) as is_full
from users u
where u.email_canonical = $1 and u.deleted_at is null"));

    /// A taken address gives no row instead of an error, because an error would end a PostgreSQL
    /// transaction.
    const INSERT: Sql = Sql::both(concat!("
insert into users (id, email, email_canonical, password_hash, first_name, last_name, is_email_verified, is_active, language,
    created_at, updated_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
on conflict (email_canonical) where deleted_at is null do nothing
returning ", user_columns!()));

    /// A sign-in is no change of the account, so `updated_at` stays.
    const RECORD_SIGN_IN: Sql = Sql::both(concat!("
update users
set last_login_at = $4, password_hash = coalesce($3, password_hash)
where id = $1 and password_hash = $2 and is_active and deleted_at is null
returning ", user_columns!()));

    const UPDATE_PROFILE: Sql = Sql::both(concat!("
update users
set first_name = case when cast($2 as text) is null then first_name else nullif($2, '') end,
    last_name = case when cast($3 as text) is null then last_name else nullif($3, '') end,
    updated_at = $4
where id = $1 and is_active and deleted_at is null
returning ", user_columns!()));

    const UPDATE_PASSWORD: Sql = Sql::both(concat!("
update users
set password_hash = $3, updated_at = $4
where id = $1 and (cast($2 as text) is null or password_hash = $2) and is_active and deleted_at is null
returning ", user_columns!()));

    const MARK_EMAIL_VERIFIED: Sql = Sql::both(concat!("
update users
set is_email_verified = true, code_entries = 0, updated_at = $2
where id = $1 and is_active and deleted_at is null
returning ", user_columns!()));

    const SET_LANGUAGE: Sql = Sql::both(concat!("
update users
set language = $2, updated_at = $3
where id = $1 and language <> $2 and is_active and deleted_at is null
returning ", user_columns!()));

    /// Asked after a write that takes the address, never only before: an account that gives its
    /// address up reserves it in the same transaction, and the unique index has the next one wait
    /// for that. A statement after the wait sees the reservation, one that began before it does
    /// not.
    const TAKEN: Sql = Sql::both("
select exists (
    select 1 from users where email_canonical = $1 and deleted_at is null and id <> $2
) or exists (
    select 1 from mailed_links
    where email_canonical = $1 and purpose = 'revert_email' and not is_used and expires_at > $3 and user_id <> $2
) as taken");

    const REMOVE: Sql = Sql::both("delete from users where id = $1");

    /// A taken address changes nothing; one that is taken at the same moment is refused by the
    /// unique index.
    const CHANGE_EMAIL: Sql = Sql::both(concat!("
update users
set email = $2, email_canonical = $3, is_email_verified = true, code_entries = 0, updated_at = $4
where id = $1 and is_active and deleted_at is null
    and not exists (
        select 1 from users other
        where other.email_canonical = $3 and other.deleted_at is null and other.id <> $1
    )
returning ", user_columns!()));

    const REVERT_EMAIL: Sql = Sql::both(concat!("
update users
set email = $2, email_canonical = $3, password_hash = $5, is_email_verified = true, is_active = true, delete_at = null,
    code_entries = 0, updated_at = $4
where id = $1 and (is_active or delete_at > $4) and deleted_at is null
    and not exists (
        select 1 from users other
        where other.email_canonical = $3 and other.deleted_at is null and other.id <> $1
    )
returning ", user_columns!()));

    const SCHEDULE_DELETION: Sql = Sql::both(concat!("
update users
set is_active = false, delete_at = $2, updated_at = $3
where id = $1 and is_active and deleted_at is null
returning ", user_columns!()));

    const RESTORE: Sql = Sql::both(concat!("
update users
set is_active = true, delete_at = null, updated_at = $2
where id = $1 and not is_active and delete_at > $2 and deleted_at is null
returning ", user_columns!()));

    /// A write that changes nothing.
    const LOCK_SCHEDULED: Sql = Sql::both("
update users
set delete_at = delete_at
where id = $1 and not is_active and delete_at > $2 and deleted_at is null
returning delete_at");

    /// A write that changes nothing: the lock that an update takes, in words that both databases
    /// know.
    const LOCK: Sql = Sql::both("update users set is_active = is_active where id = $1");
}

#[async_trait]
impl<DB: Backend> ReadUsers for SqlRepository<DB> {
    async fn user_by_id(&mut self, id: Uuid) -> Result<Option<User>> {
        self.fetch_optional(query!(BY_ID, id), user).await
    }

    async fn account_by_id(&mut self, id: Uuid) -> Result<Option<Account>> {
        self.fetch_optional(query!(ACCOUNT_BY_ID, id), account)
            .await
    }

    async fn account_by_email(&mut self, canonical: &str) -> Result<Option<Account>> {
        self.fetch_optional(query!(ACCOUNT_BY_EMAIL, canonical), account)
            .await
    }

    async fn account_to_sign_in(
        &mut self,
        canonical: &str,
        device: &str,
        user_agent: Option<&str>,
        now: OffsetDateTime,
    ) -> Result<Option<(Account, SignInHistory)>> {
        let query = query!(
            ACCOUNT_TO_SIGN_IN,
            canonical,
            device,
            user_agent,
            i32::from(MAX_LIVE_SESSIONS) - 1,
            Micros(now)
        );
        self.fetch_optional(query, |row| Ok((account(row)?, history(row)?)))
            .await
    }

    async fn email_is_taken(
        &mut self,
        canonical: &str,
        user_id: Uuid,
        now: OffsetDateTime,
    ) -> Result<bool> {
        let query = query!(TAKEN, canonical, user_id, Micros(now));
        let taken = self.fetch_optional(query, |row| row.get("taken")).await?;
        Ok(taken.unwrap_or_default())
    }
}

#[async_trait]
impl<DB: Backend> Users for SqlRepository<DB> {
    async fn lock_active_user(&mut self, id: Uuid) -> Result<Option<User>> {
        self.fetch_optional(query!(LOCK_ACTIVE, id), user).await
    }

    async fn insert_user(&mut self, new: &NewUser) -> Result<User> {
        let insert = query!(
            INSERT,
            new.id,
            new.email.as_str(),
            new.email.canonical(),
            new.password_hash.as_str(),
            new.first_name.as_deref(),
            new.last_name.as_deref(),
            false,
            true,
            new.language.as_str(),
            Micros(new.created_at)
        );
        let inserted = self
            .fetch_optional(insert, user)
            .await?
            .ok_or(StoreError::Conflict)?;
        if self
            .email_is_taken(new.email.canonical(), new.id, new.created_at)
            .await?
        {
            self.execute(query!(REMOVE, new.id)).await?;
            return Err(StoreError::Conflict);
        }
        Ok(inserted)
    }

    async fn update_profile(
        &mut self,
        id: Uuid,
        first_name: Option<&str>,
        last_name: Option<&str>,
        now: OffsetDateTime,
    ) -> Result<Option<User>> {
        let update = query!(UPDATE_PROFILE, id, first_name, last_name, Micros(now));
        self.fetch_optional(update, user).await
    }

    async fn update_password(
        &mut self,
        id: Uuid,
        verified_hash: Option<&str>,
        new_hash: &str,
        now: OffsetDateTime,
    ) -> Result<Option<User>> {
        let update = query!(UPDATE_PASSWORD, id, verified_hash, new_hash, Micros(now));
        self.fetch_optional(update, user).await
    }

    async fn mark_email_verified(&mut self, id: Uuid, now: OffsetDateTime) -> Result<Option<User>> {
        self.fetch_optional(query!(MARK_EMAIL_VERIFIED, id, Micros(now)), user)
            .await
    }

    async fn set_language(
        &mut self,
        id: Uuid,
        language: Language,
        now: OffsetDateTime,
    ) -> Result<Option<User>> {
        let update = query!(SET_LANGUAGE, id, language.as_str(), Micros(now));
        self.fetch_optional(update, user).await
    }

    async fn change_email(
        &mut self,
        id: Uuid,
        email: &EmailAddress,
        now: OffsetDateTime,
    ) -> Result<Option<User>> {
        let update = query!(
            CHANGE_EMAIL,
            id,
            email.as_str(),
            email.canonical(),
            Micros(now)
        );
        self.move_to(update, id, email, now).await
    }

    async fn revert_email(
        &mut self,
        id: Uuid,
        email: &EmailAddress,
        new_hash: &str,
        now: OffsetDateTime,
    ) -> Result<Option<User>> {
        let update = query!(
            REVERT_EMAIL,
            id,
            email.as_str(),
            email.canonical(),
            Micros(now),
            new_hash
        );
        self.move_to(update, id, email, now).await
    }

    async fn schedule_deletion(
        &mut self,
        id: Uuid,
        delete_at: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Result<Option<User>> {
        let update = query!(SCHEDULE_DELETION, id, Micros(delete_at), Micros(now));
        self.fetch_optional(update, user).await
    }

    async fn restore_user(&mut self, id: Uuid, now: OffsetDateTime) -> Result<Option<User>> {
        let update = query!(RESTORE, id, Micros(now));
        self.fetch_optional(update, user).await
    }

    async fn lock_scheduled_deletion(
        &mut self,
        id: Uuid,
        now: OffsetDateTime,
    ) -> Result<Option<OffsetDateTime>> {
        let lock = query!(LOCK_SCHEDULED, id, Micros(now));
        self.fetch_optional(lock, |row| row.get("delete_at")).await
    }
}

impl<DB: Backend> SqlRepository<DB> {
    /// Moves the account to an address, unless that is taken.
    async fn move_to(
        &mut self,
        update: Query<DB>,
        id: Uuid,
        email: &EmailAddress,
        now: OffsetDateTime,
    ) -> Result<Option<User>> {
        let moved = self.fetch_optional(update, user).await?;
        if self.email_is_taken(email.canonical(), id, now).await? {
            return Err(StoreError::Conflict);
        }
        Ok(moved)
    }

    /// The row stays locked until the transaction ends, so a
    /// parallel reset comes wholly before or wholly after.
    pub async fn record_sign_in(&mut self, sign_in: &NewSignIn<'_>) -> Result<Option<User>> {
        let update = query!(
            RECORD_SIGN_IN,
            sign_in.session.user_id,
            sign_in.verified_hash,
            sign_in.new_hash,
            Micros(sign_in.session.created_at)
        );
        self.fetch_optional(update, user).await
    }

    /// Holds the account until the transaction ends, first in the order of locks.
    pub async fn lock_user(&mut self, id: Uuid) -> Result<()> {
        self.execute(query!(LOCK, id)).await.map(drop)
    }
}

/// Each field from the column of its name.
macro_rules! read_user {
    ($row:ident $($column:ident)+) => {
        User { $($column: $row.get(stringify!($column))?),+ }
    };
}

pub(crate) fn user<DB: Backend>(row: &Row<DB>) -> Result<User> {
    Ok(vestibule_core::with_user_columns!(read_user!(row)))
}

fn account<DB: Backend>(row: &Row<DB>) -> Result<Account> {
    Ok(Account {
        user: user(row)?,
        password_hash: row.get("password_hash")?,
    })
}

readers! {
    history: SignInHistory { has_sessions, knows_device, is_full }
}
