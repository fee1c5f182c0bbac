//! What the core needs from the outside, as traits; adapters live in their own crates.

mod cache;
mod chance;
mod limiter;
mod mailer;
mod store;

pub use cache::{Lookup, PrincipalCache, Ticket};
pub use chance::{Clock, Random, SystemClock};
pub use limiter::{Charge, Decision, Quota, RateLimiter};
pub use mailer::{MailError, Mailer};
pub use store::{
    AuditLog, BrowserRecord, BrowserSessions, Cleanup, CodeAttempt, Counts, Expired,
    FormSubmissions, FoundToken, Invariants, MAX_LIVE_SESSIONS, MailQueue, NewSignIn,
    OneTimeTokens, Outbox, ReadAuditLog, ReadBrowserSessions, ReadFormSubmissions,
    ReadOneTimeTokens, ReadOutbox, ReadRefreshTokens, ReadSessions, ReadSigningKeys, ReadUsers,
    Reader, RefreshTokens, Sessions, SignInHistory, SigningKeys, Statistics, Store, StoreError,
    Transaction, Users, Violation, Writer,
};
