use leptos::prelude::*;
use vestibule_web::SentForm;

use super::field::HiddenField;
use crate::ssr::PageForms;

/// A plain form that posts to a server function. It carries what every form must: which account and
/// which mailed link its page was made for, and what distinguishes it from every other form.
///
/// The browser's own checks are off: the server's answer is the truth,
/// and it is the same with and without JavaScript.
#[component]
pub fn Form(
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
