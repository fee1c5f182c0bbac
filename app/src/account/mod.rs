//! The signed-in visitor's own pages.

mod actions;
mod overview;
mod password;
mod sign_out;
mod when;

pub use actions::SignOut;
pub use overview::AccountPage;
pub use password::PasswordPage;
pub use sign_out::SignOutPage;
