//! What every capability uses and none is used by: the stores and services of a deployment, what
//! an operation runs in, security events, mails, limits, passwords, and the ports.

mod abandon;
mod alert;
mod audit;
mod call;
mod charge;
mod core;
mod errors;
mod host;
mod lifetimes;
mod limit_settings;
pub mod limits;
mod links;
mod lock;
pub mod mail;
mod master_key;
pub mod model;
mod outbox;
mod passwords;
pub mod ports;
mod trace;
mod uniform_time;
mod work;
mod write_behind;

pub(crate) use self::core::Core;
pub use self::core::{AuthSettings, RegistrationMode};
pub use abandon::{Abandoned, Waiter};
pub use alert::Alert;
pub use audit::{AUDIT_TARGET, Actor, AuditEvent, AuditRecord};
pub(crate) use call::Call;
pub use call::RequestMeta;
pub(crate) use errors::codes;
pub use errors::{AuthError, Defect, ErrorCode, ErrorKind, Field, FieldCode, FieldError};
pub use host::is_loopback;
pub use lifetimes::{
    Lifetimes, MAX_ACCESS_TOKEN_LIFE, MAX_ID_TOKEN_LIFE, MAX_LINK_LIFE, MAX_REFRESH_LIFE,
};
pub use limit_settings::{LimitSettings, SETTABLE_LIMITS, SharedNetworks};
pub use limits::site_of;
pub(crate) use links::{LinkExtra, MAX_CODES_IN_A_ROW};
pub use lock::lock;
pub(crate) use mail::{MailKind, mask_email};
pub use master_key::{MasterKey, SystemRandom, hash_token};
pub(crate) use master_key::{equal_in_constant_time, hash_mailed_token, to_url_text};
pub use outbox::{Delivery, MAIL_LEASE, NOTE_TIME};
pub(crate) use passwords::estimator::Estimator;
pub use passwords::hasher::{HashEngine, HashSettings, PasswordHasher};
pub(crate) use passwords::hasher::{HashPermit, Verdict};
pub use passwords::policy::{PasswordPolicy, PasswordStrength};
pub(crate) use passwords::pool::Urgency;
pub use trace::{TRACE_TARGET, fail_span};
pub(crate) use uniform_time::in_uniform_time;
pub(crate) use work::{UserMail, Work};
pub(crate) use write_behind::{Part, WriteBehind};
