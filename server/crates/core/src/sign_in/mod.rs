//! Signing in, and the password that it takes.

mod attempts;
mod change_password;
mod known_browser;
mod password;
mod password_strength;
mod reauthenticate;
mod reset_password;

pub use change_password::ChangePassword;
pub use known_browser::KnownBrowserProof;
pub use password::SignIn;
pub use reset_password::{ResetDone, ResetLink};
