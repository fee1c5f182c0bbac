//! Mailed single-use tokens.

use async_trait::async_trait;
use time::OffsetDateTime;
use uuid::Uuid;

use super::Result;
use crate::model::{NewOneTimeToken, PendingEmail, Purpose, TokenRecord};

/// A code entry that was counted.
pub struct CodeAttempt {
    pub token_id: Uuid,
    pub token_hash: String,
    pub created_at: OffsetDateTime,
}

/// A mailed token that was found by its hash, live or not.
pub struct FoundToken {
    pub user_id: Uuid,
    /// The address that a change goes to, or a revert goes back to.
    pub email: Option<String>,
    pub created_at: OffsetDateTime,
    pub expires_at: OffsetDateTime,
    /// Whether it was mailed to the address that the account has now.
    pub was_mailed_to_present_address: bool,
}

/// Mailed single-use tokens, as they are read.
#[async_trait]
pub trait ReadOneTimeTokens {
    /// The user of a token that could be consumed now. For showing a page or checking input; never a reason to act.
    async fn token_owner(
        &mut self,
        purpose: Purpose,
        token_hash: &str,
        now: OffsetDateTime,
    ) -> Result<Option<Uuid>>;

    /// The change of address that waits to be confirmed.
    async fn pending_change(
        &mut self,
        user_id: Uuid,
        now: OffsetDateTime,
    ) -> Result<Option<PendingEmail>>;

    /// The token with this purpose and hash, whether it could be consumed or not. Never a reason to act.
    async fn find_token(
        &mut self,
        purpose: Purpose,
        token_hash: &str,
    ) -> Result<Option<FoundToken>>;

    /// The session that asked for the token, where one is noted.
    async fn token_requester(&mut self, token_hash: &str) -> Result<Option<Uuid>>;

    /// Every mailed token of the user, newest first.
    async fn token_records(&mut self, user_id: Uuid) -> Result<Vec<TokenRecord>>;
}

/// Mailed single-use tokens. What state the account has to be in depends on the purpose: a deletion is cancelled on an
/// account that is scheduled for it, a change is reverted also on such a one, everything else wants an active account.
#[async_trait]
pub trait OneTimeTokens {
    /// Inserts the token and supersedes the user's earlier ones of its purpose: only the newest is valid. The count of
    /// wrong codes goes over to it. Tokens that revert a change of address supersede nothing.
    async fn insert_one_time_token(&mut self, token: &NewOneTimeToken) -> Result<()>;

    /// Uses the token up, in one conditional statement: of parallel callers exactly one gets the user's id.
    async fn consume_token(
        &mut self,
        purpose: Purpose,
        token_hash: &str,
        now: OffsetDateTime,
    ) -> Result<Option<Uuid>>;

    /// Counts one code entry against the user's live verification token, and among those in a row; `None` if there is no
    /// token, or one of the counts is full. Proving the address in any way begins the row anew.
    async fn count_code_attempt(
        &mut self,
        user_id: Uuid,
        max_attempts: u32,
        max_in_a_row: u32,
        now: OffsetDateTime,
    ) -> Result<Option<CodeAttempt>>;

    /// Makes all mailed tokens of the user worthless, but for those that revert a change of address: whoever stole an
    /// account could void them.
    async fn void_tokens(&mut self, user_id: Uuid) -> Result<()>;

    /// Makes the user's tokens worthless that revert a later change than the one with this hash does; earlier ones stay.
    async fn void_later_reverts(&mut self, user_id: Uuid, token_hash: &str) -> Result<()>;

    /// Makes the user's token worthless that confirms a change of address; `false` if there was no live one.
    async fn void_pending_change(&mut self, user_id: Uuid, now: OffsetDateTime) -> Result<bool>;

    /// Voids a pending change that was asked for in a session which has ended.
    async fn void_change_of_ended_session(&mut self, user_id: Uuid) -> Result<()>;
}
