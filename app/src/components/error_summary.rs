use leptos::prelude::*;

use super::message::Message;
use crate::messages;

/// What went wrong, on top of the form. It takes the focus, so that it is the first thing that a
/// screen reader says and the next tab leads into it;
/// nothing else on the page may have `autofocus` then.
#[component]
pub fn ErrorSummary(
    /// The whole in one sentence.
    message: Option<messages::Message>,
    /// The invalid fields, each with a link to its input.
    #[prop(optional)]
    fields: Vec<(&'static str, String)>,
) -> impl IntoView {
    message.map(|message| {
        let is_list = !fields.is_empty();
        let links = fields
            .into_iter()
            .map(|(field, text)| view! { <li><a href=format!("#{field}")>{text}</a></li> });
        view! {
            <div class="summary" role="alert" tabindex="-1" autofocus>
                <p><Message message/></p>
                {is_list.then(|| view! { <ul>{links.collect_view()}</ul> })}
            </div>
        }
    })
}
