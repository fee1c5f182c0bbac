//! The domain of Vestibule: accounts, sessions and tokens,
//! the operations on them, and the ports they need.
//!
//! Every face (hosted pages, JSON API, command line) calls [`Auth`]; nothing outside this crate
//! decides anything about accounts, tokens or limits. This crate
//! knows no web framework, database driver or mail library.

mod abandon;
mod audit;
mod auth;
mod crypto;
mod deferred;
mod error;
mod hashing;
mod host;
mod lifetimes;
mod limit_settings;
mod limits;
pub mod mail;
pub mod model;
mod operations;
mod password_policy;
mod pool;
pub mod ports;
mod strength;
mod tokens;
mod trace;
mod watch;

pub use abandon::{Abandoned, Waiter};
pub use audit::{AUDIT_TARGET, Actor, AuditEvent, AuditRecord};
pub use auth::{Auth, AuthBuilder, AuthSettings, RegistrationMode, RequestMeta};
pub use crypto::{MasterKey, SystemRandom, hash_token};
pub use error::{AuthError, Defect, ErrorCode, ErrorKind, Field, FieldCode, FieldError};
pub use hashing::{HashEngine, HashSettings, PasswordHasher};
pub use host::is_loopback;
pub use lifetimes::{Lifetimes, MAX_ACCESS_TOKEN_LIFE, MAX_LINK_LIFE, MAX_REFRESH_LIFE};
pub use limit_settings::{LimitSettings, SETTABLE_LIMITS, SettableLimit, SharedNetworks};
pub use limits::site_of;
pub use operations::{
    ChangeEmail, ChangePassword, CleanupRun, Delivery, FormClaim, FormSubmission,
    KnownBrowserProof, LinkState, MAIL_LEASE, MAILS_KEPT, NOTE_TIME, Register, Registered, Removed,
    ResetDone, ResetLink, RestoreLink, Retention, RevertLink, SecurityEvent, SecurityEventFilter,
    SecurityEventPage, SignIn, SignedIn, TokenPair, UpdateProfile, Verified, VerifyEmail,
};
pub use password_policy::{PasswordPolicy, PasswordStrength};
pub use tokens::{
    AccessTokenClaims, CLOCK_LEEWAY, KeyRotation, KeyRotationError, KeySet, KeyState,
    MAX_KEY_AGE_OF_VERIFIERS, TokenSettings, rotate_signing_key, signing_keys,
};
pub use trace::{TRACE_TARGET, fail_span};
