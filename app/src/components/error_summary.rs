use leptos::prelude::*;

use super::sentence::Sentence;
use super::wait::Wait;
use crate::messages::{Complaint, Part};
use crate::ssr;

/// What went wrong, on top of the form. It takes the focus, so that it is the first thing that a
/// screen reader says and the next tab leads into it;
/// nothing else on the page may have `autofocus` then.
#[component]
pub fn ErrorSummary(
    /// The whole in one sentence.
    message: Option<Complaint>,
    /// The fields at fault, each with a link to its input.
    #[prop(optional)]
    fields: Vec<(&'static str, String)>,
    /// A way out after the sentence, for example a link.
    #[prop(optional_no_strip)]
    help: Option<AnyView>,
) -> impl IntoView {
    message.map(|message| {
        let is_list = !fields.is_empty();
        let links = fields
            .into_iter()
            .map(|(field, text)| view! { <li><a href=format!("#{field}")>{text}</a></li> });
        let parts = message.parts.into_iter().map(part).collect();
        view! {
            <div class="summary" role="alert" tabindex="-1" autofocus>
                <p>
                    <Sentence text=message.text parts/>
                    {help.map(|help| view! { " " {help} })}
                </p>
                {is_list.then(|| view! { <ul>{links.collect_view()}</ul> })}
            </div>
        }
    })
}

fn part(part: Part) -> AnyView {
    match part {
        Part::Address(address) => view! { <bdi class="address">{address}</bdi> }.into_any(),
        Part::Wait(seconds) => view! { <Wait seconds/> }.into_any(),
        Part::Link { to, text } => {
            let to = ssr::return_to().link(to);
            view! { <a href=to>{text}</a> }.into_any()
        }
    }
}
