//! Plain data of the domain.

mod device;
mod email;
mod language;
mod name;
mod records;
mod session;
mod token;
mod user;

pub use device::{ANDROID_APP, APPLE_APP, device_name, program_and_system};
pub use email::{EmailAddress, InvalidEmail};
pub use language::Language;
pub use name::{MAX_NAME_CHARS, clean_name, has_forbidden_characters};
pub use records::{AuditEntry, MailRecord, RefreshRecord, SessionRecord, TokenRecord};
pub use session::{Principal, Session, SessionKind, SignInMethod};
pub use token::{
    NewOneTimeToken, NewRefreshToken, PendingEmail, Purpose, RefreshTokenState, Rotation,
    RotationOutcome, SigningKey,
};
pub use user::{Account, NewUser, User};
