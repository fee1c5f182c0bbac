//! The button that shows and hides a password.

use leptos::ev;
use leptos::html;
use leptos::prelude::*;
use leptos::web_sys::Element;

/// A button for the password input beside it. The input itself is ordinary HTML outside the island, so that typing and
/// password managers never meet hydration; until the island has started, the button is hidden.
///
/// It has no properties, which saves the page the JSON parser that would read them.
#[island]
pub fn PasswordToggle() -> impl IntoView {
    let button = NodeRef::<html::Button>::new();
    let is_ready = RwSignal::new(false);
    let is_shown = RwSignal::new(false);

    Effect::new(move |_| {
        // Hidden again when the form is sent: browsers keep what was typed into a text input.
        let listener = window_event_listener(ev::submit, move |_| is_shown.set(false));
        on_cleanup(move || listener.remove());
        is_ready.set(true);
    });
    Effect::new(move |_| {
        let kind = if is_shown.get() { "text" } else { "password" };
        if let Some(input) = button.get().and_then(|button| input_beside(&button)) {
            // Fails only for names that are no attribute names.
            let _ = input.set_attribute("type", kind);
        }
    });

    view! {
        <button
            node_ref=button
            type="button"
            class="reveal"
            hidden=move || !is_ready.get()
            aria-pressed=move || if is_shown.get() { "true" } else { "false" }
            on:click=move |_| is_shown.update(|shown| *shown = !*shown)
        >
            {move || if is_shown.get() { "Hide" } else { "Show" }}
            <span class="visually-hidden">" password"</span>
        </button>
    }
}

fn input_beside(button: &Element) -> Option<Element> {
    button
        .closest(".password")
        .ok()??
        .query_selector("input")
        .ok()?
}
