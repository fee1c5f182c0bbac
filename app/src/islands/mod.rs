//! What runs in the browser. Everything here is comfort: no page needs it.

mod password_field;

pub use password_field::PasswordToggle;
