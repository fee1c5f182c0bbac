//! The little that all of it needs of the document.

use leptos::prelude::{document, window};
use web_sys::wasm_bindgen::JsCast;
use web_sys::wasm_bindgen::closure::Closure;
use web_sys::{Element, Event};

/// Listens to the whole document, for as long as it lives.
pub fn on(event: &str, listener: impl FnMut(Event) + 'static) {
    let listener = Closure::<dyn FnMut(Event)>::new(listener);
    let function = listener.as_ref().unchecked_ref();
    // Fails only for what is no function.
    let _ = document().add_event_listener_with_callback(event, function);
    listener.forget();
}

/// Runs something after a while.
pub fn later(milliseconds: i32, work: impl FnOnce() + 'static) {
    let work = Closure::once_into_js(work);
    let function = work.unchecked_ref();
    let _ = window().set_timeout_with_callback_and_timeout_and_arguments_0(function, milliseconds);
}

/// The element that an event happened at.
pub fn target<T: JsCast>(event: &Event) -> Option<T> {
    event.target()?.dyn_into().ok()
}

/// The element of this kind that an event happened in.
pub fn target_in(event: &Event, selector: &str) -> Option<Element> {
    target::<Element>(event)?.closest(selector).ok()?
}

pub fn each(selector: &str, mut work: impl FnMut(Element)) {
    let Ok(list) = document().query_selector_all(selector) else {
        return;
    };
    for index in 0..list.length() {
        if let Some(node) = list.item(index) {
            work(node.unchecked_into());
        }
    }
}

/// The first of this kind inside.
pub fn find(element: &Element, selector: &str) -> Option<Element> {
    element.query_selector(selector).ok()?
}

/// Sets an attribute; that fails only for names that are none.
pub fn set(element: &Element, name: &str, value: &str) {
    let _ = element.set_attribute(name, value);
}

pub fn remove(element: &Element, name: &str) {
    let _ = element.remove_attribute(name);
}

/// An attribute; empty if it is not there.
pub fn get(element: &Element, name: &str) -> String {
    element.get_attribute(name).unwrap_or_default()
}
