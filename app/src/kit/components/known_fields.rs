//! Fields that several forms have.

use leptos::prelude::*;
use vestibule_core::Field;
use vestibule_i18n::t;

use super::field::{TextField, Username};
use super::password_field::PasswordField;
use crate::kit::messages::FieldErrors;
use crate::kit::request::{self, Visit};

/// An email address.
#[component]
pub fn EmailField(
    #[prop(default = "email")] name: &'static str,
    #[prop(optional, into)] label: Option<String>,
    #[prop(default = "username")] autocomplete: &'static str,
    #[prop(optional, into)] value: String,
    #[prop(optional_no_strip)] error: Option<String>,
    /// What helps with the error, for example links.
    #[prop(optional_no_strip)]
    help: Option<AnyView>,
) -> impl IntoView {
    let label = label.unwrap_or_else(|| t!(request::texts(), "label-email"));
    view! {
        <TextField
            name
            label
            kind="email"
            inputmode="email"
            autocomplete
            value
            error
            help
        />
    }
}

/// First and last name, side by side where there is room.
pub fn name_fields(first_name: String, last_name: String, errors: &FieldErrors) -> AnyView {
    let texts = request::texts();
    view! {
        <div class="columns">
            <TextField
                name="first_name"
                label=t!(texts, "label-first-name")
                autocomplete="given-name"
                required=false
                value=first_name
                error=errors.of(Field::FirstName)
            />
            <TextField
                name="last_name"
                label=t!(texts, "label-last-name")
                autocomplete="family-name"
                required=false
                value=last_name
                error=errors.of(Field::LastName)
            />
        </div>
    }
    .into_any()
}

/// The password of the account that is signed in, with the address, so that password managers know
/// whose it is.
pub fn current_password(email: String, errors: &FieldErrors) -> AnyView {
    view! {
        <Username email/>
        <PasswordField
            name="current_password"
            label=t!(request::texts(), "account-current-password")
            autocomplete="current-password"
            error=errors.of(Field::CurrentPassword)
        />
    }
    .into_any()
}

/// A password to set, with the rules that it has to keep.
pub fn new_password(visit: &Visit, errors: &FieldErrors) -> AnyView {
    view! {
        <PasswordField
            name="new_password"
            label=t!(visit.texts(), "label-new-password")
            autocomplete="new-password"
            min_length=visit.min_password_length()
            error=errors.of(Field::NewPassword)
        />
    }
    .into_any()
}

/// The password of an account that the browser is not signed in to.
pub fn known_password(error: Option<String>) -> AnyView {
    view! {
        <PasswordField
            name="password"
            label=t!(request::texts(), "label-password")
            autocomplete="current-password"
            error
        />
    }
    .into_any()
}
