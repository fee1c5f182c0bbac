//! Creating an account.

mod actions;
mod page;

pub use page::RegisterPage;
