//! The domain of Vestibule: accounts, sessions and tokens,
//! the operations on them, and the ports they need.
//!
//! Every face (hosted pages, JSON API, command line) calls [`Auth`]; nothing outside this crate
//! decides anything about accounts, tokens or limits. This crate
//! knows no web framework, database driver or mail library.
//!
//! `kernel` is what every capability uses, and uses none of them; the other folders are the
//! capabilities.
//!
//! Every operation of [`Auth`] that returns a `Result` can fail as the store does
//! ([`AuthError::Unavailable`], [`AuthError::Internal`]); its documentation names what else can.

#![allow(
    clippy::missing_errors_doc,
    reason = "what every operation has in common is said once, above"
)]

mod accounts;
mod auth;
mod form_submissions;
mod kernel;
mod maintenance;
mod oauth;
mod sessions;
mod sign_in;
mod tokens;

pub use accounts::{
    ChangeEmail, LinkState, Register, Registered, RestoreLink, RevertLink, SecurityEvent,
    SecurityEventFilter, SecurityEventPage, UpdateProfile, Verified, VerifyEmail,
};
pub use auth::{Auth, AuthBuilder};
pub use form_submissions::{FormClaim, FormSubmission};
pub use kernel::{
    AUDIT_TARGET, Abandoned, Actor, AuditEvent, AuditRecord, AuthError, AuthSettings, Defect,
    Delivery, ErrorCode, ErrorKind, Field, FieldCode, FieldError, HashEngine, HashSettings,
    Lifetimes, LimitSettings, MAIL_LEASE, MAX_ACCESS_TOKEN_LIFE, MAX_ID_TOKEN_LIFE, MAX_LINK_LIFE,
    MAX_REFRESH_LIFE, MasterKey, NOTE_TIME, PasswordHasher, PasswordPolicy, PasswordStrength,
    RegistrationMode, RequestMeta, SETTABLE_LIMITS, SharedNetworks, SystemRandom, TRACE_TARGET,
    Waiter, fail_span, hash_token, is_loopback, mail, model, ports, site_of,
};
pub use kernel::{Alert, lock};
pub use maintenance::{CleanupRun, MAILS_KEPT, Removed, Retention};
pub use oauth::{
    Authorized, ClientError, Decision, Departure, Flow, FlowApp, FlowProblem, FlowStep,
    GivenSecret, NewClient, OAuthError, OAuthErrorCode, OAuthRefusal, Parameters, Question,
    RedirectUriError, TokenAnswer, UserInfo, add_client, disable_client, enable_client,
    make_app_keys, remove_client, sync_config_clients,
};
pub use sessions::SignedIn;
pub use sign_in::{ChangePassword, KnownBrowserProof, ResetDone, ResetLink, SignIn};
pub use tokens::{
    AccessTokenClaims, CLOCK_LEEWAY, KeyRotation, KeyRotationError, KeySet, KeyState,
    MAX_KEY_AGE_OF_VERIFIERS, TokenPair, TokenSettings, rotate_signing_key, seal_signing_key,
    signing_keys,
};
