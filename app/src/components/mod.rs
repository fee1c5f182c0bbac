//! The parts that pages are made of.

mod button;
mod error_summary;
mod field;
mod form;
mod layout;
mod notice;

pub use button::{Button, ButtonStyle};
pub use error_summary::ErrorSummary;
pub use field::{Checkbox, HiddenField, PasswordField, TextField, Username};
pub use form::Form;
pub use layout::{Head, Layout, Width, stylesheet};
pub use notice::NoticeBox;
