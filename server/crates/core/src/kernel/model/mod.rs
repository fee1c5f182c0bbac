//! Plain data of the domain.

mod app_session;
mod client;
mod code;
mod device;
mod email;
mod language;
mod link;
mod name;
mod records;
mod scope;
mod session;
mod token;
mod user;

pub use app_session::{
    AppRefresh, AppSession, AppSessionRecord, AppTokenState, CodeRedemption, GrantRecord,
    RedeemedCode, RefreshedApp,
};
pub use client::{
    Access, AuthMethod, Client, ClientKind, ClientSecret, ClientSettings, ClientSource, Consent,
    Pkce,
};
pub use code::code_digits;
pub use device::{ANDROID_APP, APPLE_APP, UNKNOWN_DEVICE, device_name, program_and_system};
pub use email::{EmailAddress, InvalidEmail, display_email, without_tag};
pub use language::Language;
pub use link::{LinkAccounts, NewLink, PendingEmail, Purpose};
pub use name::{MAX_NAME_CHARS, clean_name};
pub use records::{AuditEntry, LinkRecord, MailRecord, RefreshRecord, SessionRecord};
pub use scope::{Scope, Scopes};
pub use session::{Principal, Session, SessionKind, SignInMethod};
pub use token::{
    IdTokenAlgorithm, KeyKind, NewRefreshToken, RefreshRotation, RefreshTokenState,
    RotationOutcome, SigningKey,
};
pub use user::{Account, NewUser, User};
