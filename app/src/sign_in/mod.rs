//! Signing in.

mod actions;
mod page;

pub use page::SignInPage;
