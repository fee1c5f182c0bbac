use leptos::prelude::*;

use super::button::Button;
use super::form::Form;

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
        <Form action>
            {children.map(|fields| fields())}
            <Button>{button}</Button>
        </Form>
    }
}
