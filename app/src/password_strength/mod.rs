//! What the strength meter asks while a new password is being typed.

mod actions;

pub use actions::PasswordStrength;
