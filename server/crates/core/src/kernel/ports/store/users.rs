//! Accounts.

use async_trait::async_trait;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Result, SignInHistory};
use crate::kernel::model::{Account, EmailAddress, Language, NewUser, User};

/// Accounts, as they are read. Deleted ones are not found.
#[async_trait]
pub trait ReadUsers {
    /// The user with this id, active or not.
    async fn user_by_id(&mut self, id: Uuid) -> Result<Option<User>>;

    async fn account_by_id(&mut self, id: Uuid) -> Result<Option<Account>>;

    async fn account_by_email(&mut self, canonical: &str) -> Result<Option<Account>>;

    /// The same, with what the user's sessions so far, live or not, say of a device. It is known by
    /// its name, and with a user agent by both.
    async fn account_to_sign_in(
        &mut self,
        canonical: &str,
        device: &str,
        user_agent: Option<&str>,
        now: OffsetDateTime,
    ) -> Result<Option<(Account, SignInHistory)>>;

    /// Whether the canonical address is another account's, or
    /// reserved for another account that may go back to it.
    async fn email_is_taken(
        &mut self,
        canonical: &str,
        user_id: Uuid,
        now: OffsetDateTime,
    ) -> Result<bool>;
}

#[async_trait]
pub trait Users {
    /// The user with this id if active. Nobody else changes the account,
    /// or ends its sessions, until the transaction ends.
    async fn lock_active_user(&mut self, id: Uuid) -> Result<Option<User>>;

    /// # Errors
    /// [`StoreError::Conflict`](super::StoreError::Conflict) if a live account has the canonical
    /// address, or it is reserved for one that may go back to it.
    async fn insert_user(&mut self, user: &NewUser) -> Result<User>;

    /// Changes the names that are given, in one statement; an empty text removes a name. `None` if
    /// the account is gone or inactive.
    async fn update_profile(
        &mut self,
        id: Uuid,
        first_name: Option<&str>,
        last_name: Option<&str>,
        now: OffsetDateTime,
    ) -> Result<Option<User>>;

    /// Sets the password of an active account. With `verified_hash`,
    /// only while that is still the stored one.
    async fn update_password(
        &mut self,
        id: Uuid,
        verified_hash: Option<&str>,
        new_hash: &str,
        now: OffsetDateTime,
    ) -> Result<Option<User>>;

    /// Notes that the user proved the address. `None` if the account is gone or inactive.
    async fn mark_email_verified(&mut self, id: Uuid, now: OffsetDateTime) -> Result<Option<User>>;

    /// Sets what mails are written in. `None` if it is that already,
    /// or the account is gone or inactive.
    async fn set_language(
        &mut self,
        id: Uuid,
        language: Language,
        now: OffsetDateTime,
    ) -> Result<Option<User>>;

    /// Moves an active account to an address that its owner has just proved.
    /// `None` if the account is gone or inactive.
    ///
    /// # Errors
    /// [`StoreError::Conflict`](super::StoreError::Conflict) if
    /// the address is taken; then the transaction must be dropped.
    async fn change_email(
        &mut self,
        id: Uuid,
        email: &EmailAddress,
        now: OffsetDateTime,
    ) -> Result<Option<User>>;

    /// Moves an account back to an address that it had, under another password. An account that is
    /// scheduled for deletion is kept; `None` if it is gone, or inactive for another reason.
    ///
    /// # Errors
    /// [`StoreError::Conflict`](super::StoreError::Conflict) if
    /// the address is taken; then the transaction must be dropped.
    async fn revert_email(
        &mut self,
        id: Uuid,
        email: &EmailAddress,
        new_hash: &str,
        now: OffsetDateTime,
    ) -> Result<Option<User>>;

    /// Makes an active account inactive, to be deleted at `delete_at`.
    /// `None` if it is gone or inactive.
    async fn schedule_deletion(
        &mut self,
        id: Uuid,
        delete_at: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Result<Option<User>>;

    /// Makes an account active again that is scheduled for
    /// deletion and not due; `None` for any other.
    async fn restore_user(&mut self, id: Uuid, now: OffsetDateTime) -> Result<Option<User>>;

    /// When an account goes that is scheduled for deletion and not due; `None` for any other.
    /// Nobody else undoes the deletion or removes the account until the transaction ends.
    async fn lock_scheduled_deletion(
        &mut self,
        id: Uuid,
        now: OffsetDateTime,
    ) -> Result<Option<OffsetDateTime>>;
}
