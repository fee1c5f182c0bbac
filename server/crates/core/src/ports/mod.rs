//! What the core needs from the outside, as traits; adapters live in their own crates.

mod cache;
mod chance;
mod limiter;
mod mailer;
mod store;

pub use cache::{Lookup, SnapshotCache};
pub use chance::{Clock, Random, SystemClock};
pub use limiter::{Decision, Quota, RateLimiter};
pub use mailer::{MailError, Mailer};
pub use store::{
    AuditLog, BrowserRecord, BrowserSessions, CodeAttempt, FoundToken, Invariants, OneTimeTokens,
    Outbox, RefreshTokens, Repository, Sessions, SignInHistory, SigningKeys, Store, StoreError,
    Transaction, Users, Violation,
};
