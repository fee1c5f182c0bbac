use leptos::prelude::*;
use vestibule_i18n::t;

use crate::messages;
use crate::ssr;

/// How long to wait, which scripts count down. They find
/// every text that they are going to show in the attributes.
#[component]
pub fn Wait(
    /// In seconds, where it is known.
    seconds: Option<u64>,
) -> impl IntoView {
    let texts = ssr::texts();
    let all = seconds.map(|seconds| messages::waits(texts, seconds).join("|"));
    let done = seconds.map(|_| t!(texts, "wait-over"));
    // A timer is no live region: it does not speak each second,
    // though the summary around it does when it appears.
    let role = seconds.map(|_| "timer");
    view! {
        <span class="wait" role=role data-seconds=seconds data-texts=all data-done=done>
            {messages::wait(texts, seconds)}
        </span>
    }
}
