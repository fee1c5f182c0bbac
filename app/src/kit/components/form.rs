//! Forms, and what they take along.

use leptos::prelude::*;
use vestibule_web::SentForm;

use super::field::HiddenField;
use crate::kit::request::PageForms;
use crate::kit::return_to::ReturnTo;

/// A plain form that posts to a server function. It carries what every form must: which account and
/// which mailed link its page was made for, and what distinguishes it from every other form.
///
/// The browser's own checks are off: the server's answer is the truth,
/// and it is the same with and without JavaScript.
#[component]
pub fn PostForm(
    action: &'static str,
    #[prop(default = "form")] class: &'static str,
    children: Children,
) -> impl IntoView {
    let hidden = PageForms::current().hidden();
    let fields = [
        (SentForm::NONCE, hidden.nonce),
        (SentForm::ACCOUNT, hidden.account.map(|id| id.to_string())),
        (SentForm::LINK, hidden.link),
    ];
    let fields = fields
        .into_iter()
        .filter_map(|(name, value)| value.map(|value| view! { <HiddenField name value/> }));
    view! {
        <form method="post" action=action class=class novalidate>
            {fields.collect_view()}
            {children()}
        </form>
    }
}

/// What a form takes along of where the visitor wants to go on to.
#[component]
pub fn Carried(return_to: ReturnTo) -> impl IntoView {
    return_to
        .field_value()
        .map(|path| view! { <HiddenField name="return_to" value=path/> })
}

/// What a mailed link that works shows: whose it is, what it does, and the form that does it.
/// A GET must not, because mail scanners follow links.
#[component]
pub fn LinkForm(
    /// What stands before the address.
    #[prop(into)]
    label: String,
    #[prop(into)] email: String,
    text: AnyView,
    action: &'static str,
    #[prop(into)] button: String,
    /// The fields before the button.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <p>{label} " " <bdi class="address">{email}</bdi></p>
        <p>{text}</p>
        <PostForm action>
            {children.map(|fields| fields())}
            <Button>{button}</Button>
        </PostForm>
    }
}

/// How much a button asks for attention. A page has one primary button at most.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum ButtonStyle {
    #[default]
    Primary,
    Secondary,
    /// The primary one where it takes something away.
    Danger,
    /// Looks like a link where a link would be wrong, because it changes something.
    Plain,
}

/// The button that sends a form.
#[component]
pub fn Button(
    #[prop(optional)] style: ButtonStyle,
    /// Sends the form to another server function.
    #[prop(optional)]
    action: Option<&'static str>,
    /// Said by screen readers after the visible text, where several buttons share it.
    #[prop(optional, into)]
    of: Option<String>,
    children: Children,
) -> impl IntoView {
    let class = match style {
        ButtonStyle::Primary => "button",
        ButtonStyle::Secondary => "button button-secondary",
        ButtonStyle::Danger => "button button-danger",
        ButtonStyle::Plain => "button button-plain",
    };
    view! {
        <button type="submit" class=class formaction=action>
            {children()}
            {of.map(|of| view! { <span class="visually-hidden">{format!(" {of}")}</span> })}
        </button>
    }
}
