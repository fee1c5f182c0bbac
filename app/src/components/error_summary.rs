use leptos::prelude::*;
use vestibule_core::Field;

/// What went wrong, on top of the form. It takes the focus, so that it is the first thing that a screen reader says and
/// the next tab leads into it; nothing else on the page may have `autofocus` then.
#[component]
pub fn ErrorSummary(
    /// The whole in one sentence.
    message: Option<String>,
    /// The fields at fault, each with a link to its input.
    #[prop(optional)]
    fields: Vec<(Field, String)>,
    /// A way out, for example a link.
    #[prop(optional_no_strip)]
    help: Option<AnyView>,
) -> impl IntoView {
    message.map(|message| {
        let is_list = !fields.is_empty();
        let links = fields
            .into_iter()
            .map(|(field, text)| view! { <li><a href=format!("#{field}")>{text}</a></li> });
        view! {
            <div class="summary" role="alert" tabindex="-1" autofocus>
                <p>{message} " " {help}</p>
                {is_list.then(|| view! { <ul>{links.collect_view()}</ul> })}
            </div>
        }
    })
}
