use leptos::prelude::*;

/// A plain form that posts to a server function.
///
/// The browser's own checks are off: the server's answer is the truth, and it is the same with and without JavaScript.
#[component]
pub fn Form(
    action: &'static str,
    /// The accessible name, where a page has several forms.
    #[prop(optional)]
    label: Option<&'static str>,
    #[prop(default = "form")] class: &'static str,
    children: Children,
) -> impl IntoView {
    view! {
        <form method="post" action=action class=class aria-label=label novalidate>
            {children()}
        </form>
    }
}
