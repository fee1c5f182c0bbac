//! What the core needs from the outside, as traits; adapters live in their own crates.

mod cache;
mod chance;
mod limiter;
mod mailer;
mod store;

pub(crate) use cache::note_lookup;
pub use cache::{Lookup, PrincipalCache, Ticket};
pub use chance::{Clock, Random, SystemClock};
pub use limiter::{Charge, Decision, Quota, RateLimiter};
pub use mailer::{MailError, Mailer};
pub use store::{
    AppSessions, AuditLog, BrowserRecord, Cleanup, Clients, CodeAttempt, Expired, FormSubmissions,
    FoundLink, Invariants, Links, MAX_LIVE_SESSIONS, MailQueue, NewSignIn, Outbox, ReadAppSessions,
    ReadAuditLog, ReadClients, ReadFormSubmissions, ReadLinks, ReadOutbox, ReadRefreshTokens,
    ReadSessions, ReadSigningKeys, ReadUsers, Reader, RefreshTokens, Sessions, SignInHistory,
    SigningKeys, Statistics, Store, StoreCounts, StoreError, Transaction, UsedLink, Users,
    Violation, Writer,
};

/// What an adapter met, for the log.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
