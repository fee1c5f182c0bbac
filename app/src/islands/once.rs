//! A form that was sent waits for its answer. The server takes one that is sent twice for one; here
//! the second press does nothing, and shows it.

use leptos::prelude::window;
use web_sys::Element;
use web_sys::wasm_bindgen::JsCast as _;
use web_sys::wasm_bindgen::closure::Closure;

use super::dom;

const BUSY: &str = "aria-busy";
/// No answer in this time: the press may be repeated.
const MILLISECONDS: i32 = 10_000;

pub fn start() {
    dom::on("submit", |event| {
        let Some(form) = dom::target::<Element>(&event) else {
            return;
        };
        // The answer to a download leaves the page as it is.
        if form.class_list().contains("download") {
            return;
        }
        if form.has_attribute(BUSY) {
            event.prevent_default();
        } else if !event.default_prevented() {
            dom::set(&form, BUSY, "true");
            dom::later(MILLISECONDS, move || dom::remove(&form, BUSY));
        }
    });
    // A page that is shown again as it was left is to be used again.
    let shown = Closure::<dyn FnMut()>::new(|| {
        dom::each("form[aria-busy]", |form| dom::remove(&form, BUSY));
    });
    let function = shown.as_ref().unchecked_ref();
    // Fails only for what is no function.
    let _ = window().add_event_listener_with_callback("pageshow", function);
    shown.forget();
}
