use leptos::prelude::*;

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
