//! The parts that pages are made of.

mod button;
mod card;
mod carried;
mod copy_button;
mod error_summary;
mod expired_link;
mod field;
mod form;
mod known_fields;
mod language_switcher;
mod layout;
mod link_form;
mod message;
mod notice;
mod password_field;
mod sentence;
mod wait;

pub use button::{Button, ButtonStyle};
pub use card::card;
pub use carried::Carried;
pub use copy_button::CopyButton;
pub use error_summary::ErrorSummary;
pub use expired_link::ExpiredLink;
pub use field::{Checkbox, FieldError, HiddenField, TextField, Username};
pub use form::Form;
pub use known_fields::{EmailField, current_password, name_fields};
pub use layout::{Head, Layout, Width, icon_file, stylesheet};
pub use link_form::LinkForm;
pub use notice::NoticeBox;
pub use password_field::PasswordField;
pub use sentence::{Sentence, slot};
