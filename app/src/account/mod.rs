//! The signed-in visitor's own pages.

mod activity;
mod changes;
mod confirm;
mod delete;
mod device;
mod email;
mod events;
mod frame;
mod overview;
mod password;
mod profile;
mod session_actions;
mod sessions;
mod sign_out;

pub use activity::ActivityPage;
pub use confirm::ConfirmPage;
pub use delete::DeletePage;
pub use email::EmailPage;
pub use overview::AccountPage;
pub use password::PasswordPage;
pub use profile::ProfilePage;
pub use session_actions::SignOut;
pub use sessions::SessionsPage;
pub use sign_out::SignOutPage;
