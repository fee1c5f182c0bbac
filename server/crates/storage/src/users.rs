//! Accounts.

use async_trait::async_trait;
use time::OffsetDateTime;
use uuid::Uuid;
use vestibule_core::model::{Account, NewUser, User};
use vestibule_core::ports::{StoreError, Users};

use crate::backend::Backend;
use crate::micros::Micros;
use crate::repository::{Hold, Result, Row, SqlRepository};

const BY_ID: &str = "
select id, email, first_name, last_name, is_email_verified, is_active, last_login_at, created_at, updated_at
from users
where id = $1 and deleted_at is null";

const ACCOUNT_BY_ID: &str = "
select id, email, first_name, last_name, is_email_verified, is_active, last_login_at, created_at, updated_at, password_hash
from users
where id = $1 and deleted_at is null";

const ACCOUNT_BY_EMAIL: &str = "
select id, email, first_name, last_name, is_email_verified, is_active, last_login_at, created_at, updated_at, password_hash
from users
where email_canonical = $1 and deleted_at is null";

/// A taken address gives no row instead of an error, because an error would end a PostgreSQL transaction.
const INSERT: &str = "
insert into users (id, email, email_canonical, password_hash, first_name, last_name, is_email_verified, is_active,
    created_at, updated_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
on conflict (email_canonical) where deleted_at is null do nothing
returning id, email, first_name, last_name, is_email_verified, is_active, last_login_at, created_at, updated_at";

/// A sign-in is no change of the account, so `updated_at` stays.
const RECORD_SIGN_IN: &str = "
update users
set last_login_at = $4, password_hash = coalesce($3, password_hash)
where id = $1 and password_hash = $2 and is_active and deleted_at is null
returning id, email, first_name, last_name, is_email_verified, is_active, last_login_at, created_at, updated_at";

const UPDATE_PROFILE: &str = "
update users
set first_name = case when cast($2 as text) is null then first_name else nullif($2, '') end,
    last_name = case when cast($3 as text) is null then last_name else nullif($3, '') end,
    updated_at = $4
where id = $1 and is_active and deleted_at is null
returning id, email, first_name, last_name, is_email_verified, is_active, last_login_at, created_at, updated_at";

const UPDATE_PASSWORD: &str = "
update users
set password_hash = $3, updated_at = $4
where id = $1 and (cast($2 as text) is null or password_hash = $2) and is_active and deleted_at is null
returning id, email, first_name, last_name, is_email_verified, is_active, last_login_at, created_at, updated_at";

const MARK_EMAIL_VERIFIED: &str = "
update users
set is_email_verified = true, updated_at = $2
where id = $1 and is_active and deleted_at is null
returning id, email, first_name, last_name, is_email_verified, is_active, last_login_at, created_at, updated_at";

/// A write that changes nothing: the lock that an update takes, in words that both databases know.
const LOCK: &str = "update users set is_active = is_active where id = $1";

pub(crate) const STATEMENTS: &[&str] = &[
    BY_ID,
    ACCOUNT_BY_ID,
    ACCOUNT_BY_EMAIL,
    INSERT,
    RECORD_SIGN_IN,
    UPDATE_PROFILE,
    UPDATE_PASSWORD,
    MARK_EMAIL_VERIFIED,
    LOCK,
];

#[async_trait]
impl<DB: Backend, C: Hold<DB>> Users for SqlRepository<DB, C> {
    async fn user_by_id(&mut self, id: Uuid) -> Result<Option<User>> {
        self.fetch_optional(Self::query(BY_ID).bind(id), user).await
    }

    async fn account_by_id(&mut self, id: Uuid) -> Result<Option<Account>> {
        self.fetch_optional(Self::query(ACCOUNT_BY_ID).bind(id), account)
            .await
    }

    async fn account_by_email(&mut self, canonical: &str) -> Result<Option<Account>> {
        self.fetch_optional(Self::query(ACCOUNT_BY_EMAIL).bind(canonical), account)
            .await
    }

    async fn insert_user(&mut self, new: &NewUser) -> Result<User> {
        let insert = Self::query(INSERT)
            .bind(new.id)
            .bind(new.email.as_str())
            .bind(new.email.canonical())
            .bind(new.password_hash.as_str())
            .bind(new.first_name.as_deref())
            .bind(new.last_name.as_deref())
            .bind(false)
            .bind(true)
            .bind(Micros(new.created_at));
        self.fetch_optional(insert, user)
            .await?
            .ok_or(StoreError::Conflict)
    }

    async fn record_sign_in(
        &mut self,
        id: Uuid,
        verified_hash: &str,
        new_hash: Option<&str>,
        now: OffsetDateTime,
    ) -> Result<Option<User>> {
        let update = Self::query(RECORD_SIGN_IN)
            .bind(id)
            .bind(verified_hash)
            .bind(new_hash)
            .bind(Micros(now));
        self.fetch_optional(update, user).await
    }

    async fn update_profile(
        &mut self,
        id: Uuid,
        first_name: Option<&str>,
        last_name: Option<&str>,
        now: OffsetDateTime,
    ) -> Result<Option<User>> {
        let update = Self::query(UPDATE_PROFILE)
            .bind(id)
            .bind(first_name)
            .bind(last_name)
            .bind(Micros(now));
        self.fetch_optional(update, user).await
    }

    async fn update_password(
        &mut self,
        id: Uuid,
        verified_hash: Option<&str>,
        new_hash: &str,
        now: OffsetDateTime,
    ) -> Result<Option<User>> {
        let update = Self::query(UPDATE_PASSWORD)
            .bind(id)
            .bind(verified_hash)
            .bind(new_hash)
            .bind(Micros(now));
        self.fetch_optional(update, user).await
    }

    async fn mark_email_verified(&mut self, id: Uuid, now: OffsetDateTime) -> Result<Option<User>> {
        self.fetch_optional(
            Self::query(MARK_EMAIL_VERIFIED).bind(id).bind(Micros(now)),
            user,
        )
        .await
    }
}

impl<DB: Backend, C: Hold<DB>> SqlRepository<DB, C> {
    /// Holds the account until the transaction ends, first in the order of locks.
    pub async fn lock_user(&mut self, id: Uuid) -> Result<()> {
        self.execute(Self::query(LOCK).bind(id)).await.map(drop)
    }
}

pub(crate) fn user<DB: Backend>(row: &Row<DB>) -> Result<User> {
    Ok(User {
        id: row.get("id")?,
        email: row.get("email")?,
        first_name: row.get("first_name")?,
        last_name: row.get("last_name")?,
        is_email_verified: row.get("is_email_verified")?,
        is_active: row.get("is_active")?,
        last_login_at: row.optional_time("last_login_at")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}

fn account<DB: Backend>(row: &Row<DB>) -> Result<Account> {
    Ok(Account {
        user: user(row)?,
        password_hash: row.get("password_hash")?,
    })
}
