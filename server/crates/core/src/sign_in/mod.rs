//! Signing in, and the password that it takes.

mod attempts;
mod change_password;
mod known_browser;
mod new_password;
mod password;
mod reauthenticate;
mod reset_password;

pub(crate) use attempts::Attempt;
pub use change_password::ChangePassword;
pub use known_browser::KnownBrowserProof;
pub(crate) use new_password::check_new_password;
pub use password::SignIn;
pub(crate) use reauthenticate::{check_password, is_recently_authenticated, require_password};
pub use reset_password::{ResetDone, ResetLink};
