//! The domain of Vestibule: accounts, sessions and tokens,
//! the operations on them, and the ports they need.
//!
//! Every face (hosted pages, JSON API, command line) calls [`Auth`]; nothing outside this crate
//! decides anything about accounts, tokens or limits. This crate
//! knows no web framework, database driver or mail library.
//!
//! `kernel` is what every capability uses, and uses none of them; the other folders are the
//! capabilities.

mod accounts;
mod auth;
mod form_submissions;
mod kernel;
mod maintenance;
mod sessions;
mod sign_in;
mod tokens;

pub use accounts::{
    ChangeEmail, LinkState, Register, Registered, RestoreLink, RevertLink, SecurityEvent,
    SecurityEventFilter, SecurityEventPage, UpdateProfile, Verified, VerifyEmail,
};
pub use auth::{Auth, AuthBuilder};
pub use form_submissions::{FormClaim, FormSubmission};
pub use kernel::abandon::{Abandoned, Waiter};
pub use kernel::audit::{AUDIT_TARGET, Actor, AuditEvent, AuditRecord};
pub use kernel::call::RequestMeta;
pub use kernel::core::{AuthSettings, RegistrationMode};
pub use kernel::errors::{AuthError, Defect, ErrorCode, ErrorKind, Field, FieldCode, FieldError};
pub use kernel::host::is_loopback;
pub use kernel::lifetimes::{Lifetimes, MAX_ACCESS_TOKEN_LIFE, MAX_LINK_LIFE, MAX_REFRESH_LIFE};
pub use kernel::limit_settings::{LimitSettings, SETTABLE_LIMITS, SettableLimit, SharedNetworks};
pub use kernel::limits::site_of;
pub use kernel::master_key::{MasterKey, SystemRandom, hash_token};
pub use kernel::outbox::{Delivery, MAIL_LEASE, NOTE_TIME};
pub use kernel::passwords::hasher::{HashSettings, PasswordHasher};
pub use kernel::passwords::policy::{PasswordPolicy, PasswordStrength};
pub use kernel::trace::{TRACE_TARGET, fail_span};
pub use kernel::{mail, model, ports};
pub use maintenance::{CleanupRun, MAILS_KEPT, Removed, Retention};
pub use sessions::SignedIn;
pub use sign_in::{ChangePassword, KnownBrowserProof, ResetDone, ResetLink, SignIn};
pub use tokens::{
    AccessTokenClaims, CLOCK_LEEWAY, KeyRotation, KeyRotationError, KeySet, KeyState,
    MAX_KEY_AGE_OF_VERIFIERS, TokenPair, TokenSettings, rotate_signing_key, signing_keys,
};
