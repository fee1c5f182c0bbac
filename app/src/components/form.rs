use leptos::prelude::*;

/// A plain form that posts to a server function.
///
/// The browser's own checks are off: the server's answer is the truth, and it is the same with and without JavaScript.
#[component]
pub fn Form(
    action: &'static str,
    #[prop(default = "form")] class: &'static str,
    children: Children,
) -> impl IntoView {
    view! {
        <form method="post" action=action class=class novalidate>
            {children()}
        </form>
    }
}
