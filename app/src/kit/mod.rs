//! What all pages are made of. The kit knows no page but the one for errors.

mod components;
mod dates;
mod form;
mod frame;
mod frame_forms;
mod markup;
mod messages;
mod page;
mod password_strength;
mod request;
mod return_to;

pub use components::{
    Button, ButtonStyle, Carried, EmailField, ErrorSummary, FieldError, HiddenField, LinkForm,
    PasswordField, PostForm, Sentence, TextField, Username, address, app_name, current_password,
    known_password, link, name_fields, new_password, notice_box, slot, to_continue_to,
};
pub use dates::{Clock, Moment, When, date_of, day};
pub use form::{CONFIRM, Done, Flash, Form, Notice, Refusal, sent, signed_in_as_on_the_page};
pub use frame::{CONTENT, Head, Layout, Width, card, icon_file, stylesheet};
pub use frame_forms::SignOut;
pub use markup::valid_markup;
pub use messages::{FieldErrors, error_page, form_error};
pub use page::{account_page, has_islands, page};
pub use request::{
    PageForms, Visit, announce_texts, branding, given, lifetimes, link_page, other_account,
    provide_request, texts,
};
pub use return_to::ReturnTo;
