//! The store port: repositories of one connection, and the unit of work.
//! Each repository has a file.
//!
//! What reads is a trait of its own: a [`Reader`] cannot write, whatever connection it has.
//!
//! Look-ups return `Option`. A conditional write returns what it changed, so that a caller decides
//! by the outcome of one statement and never by an earlier read. Methods take `&mut self`: one
//! connection does one thing at a time.

mod app_sessions;
mod audit_log;
mod cleanup;
mod clients;
mod form_submissions;
mod invariants;
mod links;
mod outbox;
mod refresh_tokens;
mod sessions;
mod signing_keys;
mod statistics;
mod users;

use async_trait::async_trait;

use super::BoxError;

pub use app_sessions::{AppSessions, ReadAppSessions};
pub use audit_log::{AuditLog, ReadAuditLog};
pub use cleanup::{Cleanup, Expired};
pub use clients::{Clients, ReadClients};
pub use form_submissions::{FormSubmissions, ReadFormSubmissions};
pub use invariants::{Invariants, Violation};
pub use links::{CodeAttempt, FoundLink, Links, ReadLinks, UsedLink};
pub use outbox::{Outbox, ReadOutbox};
pub use refresh_tokens::{ReadRefreshTokens, RefreshTokens};
pub use sessions::{
    BrowserRecord, MAX_LIVE_SESSIONS, NewSignIn, ReadSessions, Sessions, SignInHistory,
};
pub use signing_keys::{ReadSigningKeys, SigningKeys};
pub use statistics::{MailQueue, Statistics, StoreCounts};
pub use users::{ReadUsers, Users};

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
    async fn reader(&self) -> Result<Box<dyn Reader>>;

    /// The same for a write. Where there is one writer at a time, it waits here for its turn.
    async fn writer(&self) -> Result<Box<dyn Writer>>;

    /// A unit of work that writes; dropped without [`Transaction::commit`], nothing of it remains.
    async fn begin(&self) -> Result<Box<dyn Transaction>>;

    /// Whether the database answers a trivial query, or answers others that keep this one waiting.
    async fn ping(&self) -> Result<()>;
}

/// Everything that can be read by one connection. It may be one on which the database refuses
/// writes, so a write does not compile:
///
/// ```compile_fail
/// async fn writes(reader: &mut dyn vestibule_core::ports::Reader) {
///     let _ = reader.release_job("cleanup", uuid::Uuid::nil()).await;
/// }
/// ```
///
/// By a [`Writer`] the same does:
///
/// ```
/// async fn writes(writer: &mut dyn vestibule_core::ports::Writer) {
///     let _ = writer.release_job("cleanup", uuid::Uuid::nil()).await;
/// }
/// ```
pub trait Reader:
    ReadUsers
    + ReadSessions
    + ReadRefreshTokens
    + ReadLinks
    + ReadOutbox
    + ReadAuditLog
    + ReadFormSubmissions
    + ReadSigningKeys
    + ReadClients
    + ReadAppSessions
    + Invariants
    + Statistics
    + Send
{
}

/// Everything that can be read and written by one connection.
pub trait Writer:
    Reader
    + Users
    + Sessions
    + RefreshTokens
    + Links
    + Outbox
    + AuditLog
    + Cleanup
    + FormSubmissions
    + SigningKeys
    + Clients
    + AppSessions
{
}

/// A unit of work.
#[async_trait]
pub trait Transaction: Writer {
    /// Makes everything that was written in it lasting and visible, at once.
    async fn commit(self: Box<Self>) -> Result<()>;
}
