//! Signing in.

mod actions;
mod page;

pub use actions::begin;
pub use page::SignInPage;
