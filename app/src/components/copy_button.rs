use leptos::prelude::*;
use vestibule_i18n::t;

use crate::ssr;

/// Copies a text that stands beside it. Scripts make it visible where they can copy, and say that
/// it is done: on the button, and in the status behind it for screen readers.
#[component]
pub fn CopyButton(text: String) -> impl IntoView {
    let texts = ssr::texts();
    view! {
        <button
            type="button"
            class="button button-secondary copy"
            hidden
            data-copy=text
            data-done=t!(texts, "copy-done")
        >
            {t!(texts, "copy-button")}
        </button>
        <span class="visually-hidden" role="status"></span>
    }
}
