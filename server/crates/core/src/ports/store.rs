//! The store port: repositories of one connection, and the unit of work.
//! Each repository has a file.
//!
//! Look-ups return `Option`. A conditional write returns what it changed, so that a caller decides
//! by the outcome of one statement and never by an earlier read. Methods take `&mut self`: one
//! connection does one thing at a time.

mod audit_log;
mod browser_sessions;
mod cleanup;
mod form_submissions;
mod invariants;
mod one_time_tokens;
mod outbox;
mod refresh_tokens;
mod sessions;
mod signing_keys;
mod statistics;
mod users;

use async_trait::async_trait;

use super::BoxError;

pub use audit_log::AuditLog;
pub use browser_sessions::{BrowserRecord, BrowserSessions};
pub use cleanup::{Cleanup, Expired};
pub use form_submissions::FormSubmissions;
pub use invariants::{Invariants, Violation};
pub use one_time_tokens::{CodeAttempt, FoundToken, OneTimeTokens};
pub use outbox::Outbox;
pub use refresh_tokens::RefreshTokens;
pub use sessions::{MAX_LIVE_SESSIONS, NewSignIn, Sessions, SignInHistory};
pub use signing_keys::SigningKeys;
pub use statistics::{Counts, MailQueue, Statistics};
pub use users::Users;

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
    /// A connection to read by, on which each statement stands for itself.
    async fn connect(&self) -> Result<Box<dyn Repository>>;

    /// The same for a write. Where there is one writer at a time, it waits here for its turn.
    async fn writer(&self) -> Result<Box<dyn Repository>>;

    /// A unit of work that writes; dropped without [`Transaction::commit`], nothing of it remains.
    async fn begin(&self) -> Result<Box<dyn Transaction>>;

    /// Whether the database answers a trivial query, or answers others that keep this one waiting.
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
    + FormSubmissions
    + SigningKeys
    + Invariants
    + Statistics
    + Send
{
}

/// A unit of work.
#[async_trait]
pub trait Transaction: Repository {
    /// Makes everything that was written in it lasting and visible, at once.
    async fn commit(self: Box<Self>) -> Result<()>;
}
