//! The store port: repositories of one connection, and the unit of work.
//!
//! Look-ups return `Option`. A conditional write returns what it changed, so that a caller decides by the outcome of
//! one statement and never by an earlier read. Methods take `&mut self`: one connection does one thing at a time.

use async_trait::async_trait;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::audit::{AuditEvent, AuditRecord};
use crate::error::BoxError;
use crate::mail::{LeasedMail, NewMail};
use crate::model::{
    Account, AuditEntry, EmailAddress, Language, MailRecord, NewOneTimeToken, NewRefreshToken,
    NewUser, PendingEmail, Principal, Purpose, RefreshRecord, RefreshTokenState, Rotation,
    RotationOutcome, Session, SessionRecord, SigningKey, TokenRecord, User,
};

/// Why the store did not answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A unique key is taken.
    #[error("a unique key is taken")]
    Conflict,
    /// What the row belongs to is gone: an account that was removed since it was read.
    #[error("what the row belongs to is gone")]
    Orphan,
    /// Out of reach, out of connections, or busy past its deadline: later may work.
    #[error("the database is out of reach")]
    Unavailable(#[source] BoxError),
    #[error("the database answered with an error")]
    Unexpected(#[source] BoxError),
}

type Result<T> = std::result::Result<T, StoreError>;

/// The database.
#[async_trait]
pub trait Store: Send + Sync {
    /// A connection on which each statement stands for itself.
    async fn connect(&self) -> Result<Box<dyn Repository>>;

    /// The same for a write. Where there is one writer at a time, it waits here for its turn.
    async fn writer(&self) -> Result<Box<dyn Repository>>;

    /// A unit of work that writes; dropped without [`Transaction::commit`], nothing of it remains.
    async fn begin(&self) -> Result<Box<dyn Transaction>>;

    /// Whether the database answers a trivial query.
    async fn ping(&self) -> Result<()>;
}

/// Everything that can be asked of one connection.
pub trait Repository:
    Users
    + Sessions
    + BrowserSessions
    + RefreshTokens
    + OneTimeTokens
    + Outbox
    + AuditLog
    + Cleanup
    + SigningKeys
    + Invariants
    + Send
{
}

/// A unit of work.
#[async_trait]
pub trait Transaction: Repository {
    /// Makes everything that was written in it lasting and visible, at once.
    async fn commit(self: Box<Self>) -> Result<()>;
}

/// Accounts. Deleted ones are not found.
#[async_trait]
pub trait Users {
    /// The user with this id, active or not.
    async fn user_by_id(&mut self, id: Uuid) -> Result<Option<User>>;
    /// The user with this id and the stored password hash.
    async fn account_by_id(&mut self, id: Uuid) -> Result<Option<Account>>;
    /// The user with this id if active. Nobody else changes the account, or ends its sessions, until the transaction ends.
    async fn lock_active_user(&mut self, id: Uuid) -> Result<Option<User>>;
    /// The user with this canonical address and the stored password hash.
    async fn account_by_email(&mut self, canonical: &str) -> Result<Option<Account>>;
    /// The same, with what the user's sessions so far, live or not, say of a device.
    async fn account_to_sign_in(
        &mut self,
        canonical: &str,
        device: &str,
        user_agent: Option<&str>,
    ) -> Result<Option<(Account, SignInHistory)>>;

    /// # Errors
    /// [`StoreError::Conflict`] if a live account has the canonical address, or it is reserved for one that may go back
    /// to it.
    async fn insert_user(&mut self, user: &NewUser) -> Result<User>;

    /// Changes the names that are given, in one statement; an empty text removes a name. `None` if the account is gone or
    /// inactive.
    async fn update_profile(
        &mut self,
        id: Uuid,
        first_name: Option<&str>,
        last_name: Option<&str>,
        now: OffsetDateTime,
    ) -> Result<Option<User>>;

    /// Sets the password of an active account. With `verified_hash`, only while that is still the stored one.
    async fn update_password(
        &mut self,
        id: Uuid,
        verified_hash: Option<&str>,
        new_hash: &str,
        now: OffsetDateTime,
    ) -> Result<Option<User>>;

    /// Notes that the user proved the address. `None` if the account is gone or inactive.
    async fn mark_email_verified(&mut self, id: Uuid, now: OffsetDateTime) -> Result<Option<User>>;

    /// Sets what mails are written in. `None` if it is that already, or the account is gone or inactive.
    async fn set_language(
        &mut self,
        id: Uuid,
        language: Language,
        now: OffsetDateTime,
    ) -> Result<Option<User>>;

    /// Whether the canonical address is another account's, or reserved for another account that may go back to it.
    async fn email_is_taken(
        &mut self,
        canonical: &str,
        user_id: Uuid,
        now: OffsetDateTime,
    ) -> Result<bool>;

    /// Moves an active account to an address that its owner has just proved. `None` if the account is gone or inactive.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the address is taken; then the transaction must be dropped.
    async fn change_email(
        &mut self,
        id: Uuid,
        email: &EmailAddress,
        now: OffsetDateTime,
    ) -> Result<Option<User>>;

    /// Moves an account back to an address that it had, under another password. An account that is scheduled for deletion
    /// is kept; `None` if it is gone, or inactive for another reason.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the address is taken; then the transaction must be dropped.
    async fn revert_email(
        &mut self,
        id: Uuid,
        email: &EmailAddress,
        new_hash: &str,
        now: OffsetDateTime,
    ) -> Result<Option<User>>;

    /// Makes an active account inactive, to be deleted at `delete_at`. `None` if it is gone or inactive.
    async fn schedule_deletion(
        &mut self,
        id: Uuid,
        delete_at: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Result<Option<User>>;

    /// Makes an account active again that is scheduled for deletion and not due; `None` for any other.
    async fn cancel_deletion(&mut self, id: Uuid, now: OffsetDateTime) -> Result<Option<User>>;

    /// When an account goes that is scheduled for deletion and not due; `None` for any other. Nobody else undoes the deletion
    /// or removes the account until the transaction ends.
    async fn lock_scheduled_deletion(
        &mut self,
        id: Uuid,
        now: OffsetDateTime,
    ) -> Result<Option<OffsetDateTime>>;
}

/// What is known of a user's earlier sign-ins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignInHistory {
    /// Whether there is any session, ended or not.
    pub has_sessions: bool,
    /// Whether one of them was on this device.
    pub knows_device: bool,
}

/// A sign-in whose password was right.
pub struct NewSignIn<'a> {
    /// The stored hash that it was right for.
    pub verified_hash: &'a str,
    /// Takes the place of an outdated one.
    pub new_hash: Option<&'a str>,
    pub session: &'a Session,
    /// Where the session has refresh tokens, the first.
    pub refresh_token: Option<&'a NewRefreshToken>,
    pub event: &'a AuditRecord,
    /// Where the owner is to be told. It goes to the address that the account has at that moment.
    pub mail: Option<&'a NewMail>,
}

/// Sessions of both kinds. Those that end one belong into a transaction: they write two tables.
#[async_trait]
pub trait Sessions {
    /// Writes a new session.
    async fn insert_session(&mut self, session: &Session) -> Result<()>;

    /// Writes a sign-in and all that belongs to it at once, if the account is active and its password hash is still the one
    /// that was verified; `None`, and nothing is written, if not. A parallel reset, or end of all sessions, comes wholly
    /// before or wholly after.
    async fn begin_session(&mut self, sign_in: &NewSignIn<'_>) -> Result<Option<User>>;

    /// The session and its user if both are live at `now`: not ended, not expired, active, not deleted.
    async fn principal(
        &mut self,
        session_id: Uuid,
        now: OffsetDateTime,
    ) -> Result<Option<Principal>>;

    /// The user's live sessions, last seen first. A browser session counts once a cookie is bound to it.
    async fn live_sessions(&mut self, user_id: Uuid, now: OffsetDateTime) -> Result<Vec<Session>>;

    /// Ends one session of the user with its refresh family; `false` if there was no live one.
    async fn end_session(
        &mut self,
        user_id: Uuid,
        session_id: Uuid,
        now: OffsetDateTime,
    ) -> Result<bool>;

    /// Ends the user's sessions with their refresh families, all or all but one; the ids of those that ended.
    async fn end_sessions(
        &mut self,
        user_id: Uuid,
        except: Option<Uuid>,
        now: OffsetDateTime,
    ) -> Result<Vec<Uuid>>;

    /// Moves `last_seen_at` of sessions forward, in one statement. It waits for nobody: a session that is just being
    /// changed is left out.
    async fn touch_sessions(&mut self, seen: &[(Uuid, OffsetDateTime)]) -> Result<()>;

    /// Notes that the password was given in a session; `false` if it has ended.
    async fn reauthenticate(&mut self, session_id: Uuid, now: OffsetDateTime) -> Result<bool>;

    /// Every session of the user, ended or not, newest first.
    async fn session_records(&mut self, user_id: Uuid) -> Result<Vec<SessionRecord>>;
}

/// What a session cookie stands for.
pub struct BrowserRecord {
    pub session_id: Uuid,
    /// The cookie side's own data, a JSON object.
    pub data: String,
    pub expires_at: OffsetDateTime,
}

/// The cookie side of browser sessions. A cookie is bound to a session that sign-in made; nothing here makes a session,
/// and nothing brings an ended one back.
#[async_trait]
pub trait BrowserSessions {
    /// Gives a live session that has no cookie its cookie; `false` if there is no such session.
    async fn bind_cookie(
        &mut self,
        session_id: Uuid,
        cookie_hash: &str,
        data: &str,
        now: OffsetDateTime,
    ) -> Result<bool>;
    /// The live session behind a cookie.
    async fn session_by_cookie(
        &mut self,
        cookie_hash: &str,
        now: OffsetDateTime,
    ) -> Result<Option<BrowserRecord>>;
    /// `false` if the session has ended.
    async fn update_cookie_data(
        &mut self,
        cookie_hash: &str,
        data: &str,
        now: OffsetDateTime,
    ) -> Result<bool>;
    /// Ends the session behind the cookie; its user if it was live.
    async fn end_session_by_cookie(
        &mut self,
        cookie_hash: &str,
        now: OffsetDateTime,
    ) -> Result<Option<Uuid>>;
}

/// Refresh families, one for each API session.
#[async_trait]
pub trait RefreshTokens {
    /// Writes the family of a new session with its first token.
    async fn insert_refresh_token(&mut self, token: &NewRefreshToken) -> Result<()>;

    /// One conditional write (rule D6): if the presented token is the live leaf, its successor takes its place; if it is
    /// the leaf's predecessor, the leaf stays within the grace time and is replaced after it. `None` if the token is
    /// neither, or its family, session or user is not live. It also reads whom the token speaks for: one question to the
    /// database is all that a refresh costs.
    async fn rotate_refresh_token(
        &mut self,
        rotation: &Rotation,
    ) -> Result<Option<RotationOutcome>>;

    /// The family as it stands, live or not.
    async fn refresh_token_state(&mut self, family_id: Uuid) -> Result<Option<RefreshTokenState>>;

    /// Every family of the user, live or not, newest first.
    async fn refresh_records(&mut self, user_id: Uuid) -> Result<Vec<RefreshRecord>>;
}

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

    /// The user of a token that could be consumed now. For showing a page or checking input; never a reason to act.
    async fn token_owner(
        &mut self,
        purpose: Purpose,
        token_hash: &str,
        now: OffsetDateTime,
    ) -> Result<Option<Uuid>>;

    /// Counts one code entry against the user's live verification token; `None` if there is none or the count is full.
    async fn count_code_attempt(
        &mut self,
        user_id: Uuid,
        max_attempts: u32,
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

/// Mails between the fact that they tell and the next hop: at least once, under leases.
#[async_trait]
pub trait Outbox {
    /// Writes a mail that is due now.
    async fn enqueue_mail(&mut self, mail: &NewMail) -> Result<()>;

    /// Takes the mail that has been due longest and is not leased, and leases it under `lease_id` until `lease_until`.
    async fn claim_mail(
        &mut self,
        lease_id: Uuid,
        lease_until: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Result<Option<LeasedMail>>;

    /// `false` if the lease has passed to somebody else.
    async fn mark_mail_sent(
        &mut self,
        id: Uuid,
        lease_id: Uuid,
        now: OffsetDateTime,
    ) -> Result<bool>;

    /// Counts the attempt; due again at `next_attempt_at`, or dead without one. `false` if the lease is gone.
    async fn mark_mail_failed(
        &mut self,
        id: Uuid,
        lease_id: Uuid,
        next_attempt_at: Option<OffsetDateTime>,
        error: &str,
    ) -> Result<bool>;

    /// Every mail to the user, newest first.
    async fn mail_records(&mut self, user_id: Uuid) -> Result<Vec<MailRecord>>;
}

/// The audit log, which only grows.
#[async_trait]
pub trait AuditLog {
    /// Writes one event.
    async fn insert_audit(&mut self, record: &AuditRecord) -> Result<()>;

    /// Writes many events, in one statement. One about an account that was removed meanwhile is written as nobody's. One that
    /// is there already gets the details that it has now: the answer to an earlier try got lost.
    async fn insert_audits(&mut self, records: &[AuditRecord]) -> Result<()>;

    /// The user's events of these kinds before `before`, newest first, `limit` at most.
    async fn history(
        &mut self,
        user_id: Uuid,
        events: &[AuditEvent],
        before: Uuid,
        limit: u32,
    ) -> Result<Vec<AuditEntry>>;

    /// Every event of the user before a time and id, those that are no history too, newest first, `limit` at most.
    async fn event_records(
        &mut self,
        user_id: Uuid,
        before: (OffsetDateTime, Uuid),
        limit: u32,
    ) -> Result<Vec<AuditEntry>>;
}

/// What is deleted when its time is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expired {
    /// Mailed tokens, used or not, counted from when they were made.
    OneTimeTokens,
    ResetTokens,
    RevertTokens,
    /// Sessions with their refresh tokens, from when they ended or expired.
    Sessions,
    /// Mails that were sent or given up, from when they were written.
    Mails,
    /// Events of any kind.
    Events,
    /// Events that tell of a refresh.
    RefreshEvents,
}

/// Deleting what is over. Each call is one short write, so that nobody waits long for it.
#[async_trait]
pub trait Cleanup {
    /// Takes the lease on a piece of work, or prolongs it; `false` while somebody else has it.
    async fn lease_job(
        &mut self,
        name: &str,
        lease_id: Uuid,
        until: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Result<bool>;

    /// Gives a lease back.
    async fn release_job(&mut self, name: &str, lease_id: Uuid) -> Result<()>;

    /// Deletes the oldest rows that were over before `before`, `limit` at most; how many.
    async fn delete_expired(
        &mut self,
        what: Expired,
        before: OffsetDateTime,
        limit: u32,
    ) -> Result<u64>;

    /// Makes accounts due for deletion that never proved their address, have no live session, and were registered and last
    /// signed in to before `before`; `limit` at most, how many.
    async fn schedule_unverified(
        &mut self,
        before: OffsetDateTime,
        now: OffsetDateTime,
        limit: u32,
    ) -> Result<u64>;

    /// The next account after `after`, by time and id, that is due for deletion. From here on it is found by nobody, and its
    /// address is free. Of parallel callers each gets another one.
    async fn claim_due_deletion(
        &mut self,
        after: (OffsetDateTime, Uuid),
        now: OffsetDateTime,
    ) -> Result<Option<(OffsetDateTime, Uuid)>>;

    /// Deletes rows that belong to a claimed account, `limit` at most; how many, so none are left after zero.
    async fn erase_part(&mut self, user_id: Uuid, limit: u32) -> Result<u64>;

    /// Removes an account that is due for deletion with whatever still belongs to it, its events included; `false` if there
    /// is no such account. Belongs into a transaction.
    async fn erase_user(&mut self, id: Uuid, now: OffsetDateTime) -> Result<bool>;
}

/// The keys that sign access tokens.
#[async_trait]
pub trait SigningKeys {
    /// All keys that are still published at `now`, oldest first.
    async fn signing_keys(&mut self, now: OffsetDateTime) -> Result<Vec<SigningKey>>;
    /// Inserts the first key; `false` if another replica was quicker.
    async fn insert_first_signing_key(&mut self, key: &SigningKey) -> Result<bool>;
}

/// An invariant that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// A stable name, in snake case, of the invariant.
    pub invariant: &'static str,
    /// How many rows break it.
    pub rows: u64,
}

/// What must hold between rows.
#[async_trait]
pub trait Invariants {
    /// Checks the data against the invariants that `vestibule verify` reports.
    async fn violations(&mut self, now: OffsetDateTime) -> Result<Vec<Violation>>;
}
