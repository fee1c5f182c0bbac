//! Buttons that copy what their `data-copy` says. The text
//! beside them can always be selected instead.

use leptos::prelude::window;
use leptos::task::spawn_local;
use wasm_bindgen_futures::JsFuture;
use web_sys::Element;
use web_sys::wasm_bindgen::JsValue;

use super::dom;

pub fn start() {
    let clipboard = window().navigator().clipboard();
    // There is none where the connection is not secure.
    if AsRef::<JsValue>::as_ref(&clipboard).is_undefined() {
        return;
    }
    dom::each("[data-copy]", |button| dom::remove(&button, "hidden"));
    dom::on("click", move |event| {
        if let Some(button) = dom::target_in(&event, "[data-copy]") {
            let written = clipboard.write_text(&dom::get(&button, "data-copy"));
            spawn_local(async move {
                if JsFuture::from(written).await.is_ok() {
                    say_done(&button);
                }
            });
        }
    });
}

/// On the button for the eyes, in the status beside it for screen readers.
fn say_done(button: &Element) {
    let done = dom::get(button, "data-done");
    button.set_text_content(Some(&done));
    if let Some(status) = button.next_element_sibling() {
        status.set_text_content(Some(&done));
    }
}
