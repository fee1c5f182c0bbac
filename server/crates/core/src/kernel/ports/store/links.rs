//! Mailed single-use links.

use async_trait::async_trait;
use time::OffsetDateTime;
use uuid::Uuid;

use super::Result;
use crate::kernel::model::{LinkRecord, NewLink, PendingEmail, Purpose, User};

/// A code entry that was counted.
pub struct CodeAttempt {
    pub token_id: Uuid,
    pub token_hash: String,
    pub created_at: OffsetDateTime,
}

/// A mailed link that was found by its hash, live or not.
pub struct FoundLink {
    pub purpose: Purpose,
    /// Whose account it is about.
    pub owner: User,
    /// Whether it could be used now. For showing a page or checking input; never a reason to act.
    pub is_live: bool,
    /// The address that a change goes to, or a revert goes back to.
    pub email: Option<String>,
    pub expires_at: OffsetDateTime,
    /// Whether it was mailed to the address that the account has now.
    pub was_mailed_to_present_address: bool,
}

/// A mailed link that was just used up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsedLink {
    pub user_id: Uuid,
    /// The address that a change goes to, or a revert goes back to.
    pub email: Option<String>,
    /// The session that asked for it, where one is noted.
    pub session_id: Option<Uuid>,
}

#[async_trait]
pub trait ReadLinks {
    /// The link with this hash, whatever it is for, and whether it could be used now. A purpose
    /// that this version does not know is no link.
    async fn find_link(
        &mut self,
        token_hash: &str,
        now: OffsetDateTime,
    ) -> Result<Option<FoundLink>>;

    /// The change of address that waits to be confirmed.
    async fn pending_change(
        &mut self,
        user_id: Uuid,
        now: OffsetDateTime,
    ) -> Result<Option<PendingEmail>>;

    /// Every mailed link of the user, newest first.
    async fn link_records(&mut self, user_id: Uuid) -> Result<Vec<LinkRecord>>;
}

/// Mailed single-use links. What state the account has to be in depends on the purpose: a deletion
/// is cancelled on an account that is scheduled for it, a change is reverted also on such a one,
/// everything else wants an active account.
#[async_trait]
pub trait Links {
    /// Inserts the link and supersedes the user's earlier ones of its purpose: only the newest is
    /// valid. The count of wrong codes goes over to it. Links that revert a change of address
    /// supersede nothing.
    async fn insert_link(&mut self, link: &NewLink) -> Result<()>;

    /// Uses the link up, in one conditional statement: of parallel callers exactly one gets it.
    async fn use_link(
        &mut self,
        purpose: Purpose,
        token_hash: &str,
        now: OffsetDateTime,
    ) -> Result<Option<UsedLink>>;

    /// Counts one code entry against the user's live verification link, and among those in a row;
    /// `None` if there is no link, or one of the counts is full. Proving the address in any way
    /// begins the row anew.
    async fn count_code_attempt(
        &mut self,
        user_id: Uuid,
        max_attempts: u32,
        max_in_a_row: u32,
        now: OffsetDateTime,
    ) -> Result<Option<CodeAttempt>>;

    /// Makes all mailed links of the user worthless, but for those that revert a change of address:
    /// a thief of an account could void them.
    async fn void_links(&mut self, user_id: Uuid) -> Result<()>;

    /// Makes the user's links worthless that revert a later change than the one with this hash
    /// does; earlier ones stay.
    async fn void_later_reverts(&mut self, user_id: Uuid, token_hash: &str) -> Result<()>;

    /// Makes the user's link worthless that confirms a change of address; `false` if there was no
    /// live one.
    async fn void_pending_change(&mut self, user_id: Uuid, now: OffsetDateTime) -> Result<bool>;

    /// Voids a pending change that was asked for in a session which has ended.
    async fn void_change_of_ended_session(&mut self, user_id: Uuid) -> Result<()>;
}
