//! Choosing the language of the pages.

mod actions;

pub use actions::SetLanguage;
