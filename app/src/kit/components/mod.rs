//! The parts that pages are made of.

mod app;
mod field;
mod form;
mod known_fields;
mod message;
mod password_field;
mod sentence;

pub use app::{app_name, to_continue_to};
pub use field::{FieldError, HiddenField, TextField, Username};
pub use form::{Button, ButtonStyle, Carried, LinkForm, PostForm};
pub use known_fields::{EmailField, current_password, known_password, name_fields, new_password};
pub use message::{ErrorSummary, notice_box};
pub use password_field::PasswordField;
pub use sentence::{Sentence, address, link, slot};

/// The markup of a view.
#[cfg(test)]
fn html<V: leptos::prelude::IntoView>(view: impl FnOnce() -> V) -> String {
    use leptos::prelude::*;

    Owner::new().with(|| view().into_view().to_html())
}
