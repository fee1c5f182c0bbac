//! Checks a field when it is left for another one, never while it is typed into for the first time,
//! and removes an error as soon as its reason is gone. The server's answer is the
//! truth; this only shows errors earlier.

use std::cell::Cell;

use leptos::prelude::document;
use web_sys::wasm_bindgen::JsCast as _;
use web_sys::{Element, Event, FocusEvent, HtmlInputElement, Node};

use super::dom;

thread_local! {
    /// Whether the last move was one of mouse or finger.
    static BY_POINTER: Cell<bool> = const { Cell::new(false) };
}

pub fn start() {
    dom::on("pointerdown", |_| BY_POINTER.set(true));
    dom::on("keydown", |_| BY_POINTER.set(false));
    dom::on("focusout", |event| {
        if let Some(input) = dom::target::<HtmlInputElement>(&event)
            && let Some(next) = next_in_form(&input, &event)
            && let Some(error) = form_error(&input)
            && (is_after(&next, &input) || !input.value().is_empty())
        {
            show_error(&input, &error);
        }
    });
    dom::on("input", |event| {
        if let Some(input) = dom::target::<HtmlInputElement>(&event) {
            reconsider(&input);
        }
    });
    // Fields that were filled in and left before scripts came.
    dom::each("input[data-invalid]:not(:focus)", |input| {
        let input: HtmlInputElement = input.unchecked_into();
        if input.value() != input.default_value()
            && !input.value().is_empty()
            && let Some(error) = form_error(&input)
        {
            show_error(&input, &error);
        }
    });
}

/// The field or button of the same form that the visitor goes on to. Who clicks on a button or link
/// is not held up: a text that appears between press and release would move it away.
fn next_in_form(input: &HtmlInputElement, event: &Event) -> Option<Element> {
    let event = event.dyn_ref::<FocusEvent>()?;
    let next = event.related_target()?.dyn_into::<Element>().ok()?;
    let is_ours = input.form()?.contains(Some(&next));
    (is_ours && (!BY_POINTER.get() || next.has_attribute("name"))).then_some(next)
}

/// A visitor who goes back to an earlier field has not passed this one over.
fn is_after(next: &Element, input: &HtmlInputElement) -> bool {
    input.compare_document_position(next) & Node::DOCUMENT_POSITION_FOLLOWING != 0
}

/// What is wrong, in the words that the server put beside the field;
/// `None` also for fields without such words.
fn form_error(input: &HtmlInputElement) -> Option<String> {
    let value = input.value();
    if value.is_empty() {
        input.get_attribute("data-required")
    } else if is_like_address(value.trim()) {
        None
    } else {
        input.get_attribute("data-invalid")
    }
}

/// Refuses only what the server refuses too, which takes
/// the wide sign of East Asian keyboards (U+FF20) as well.
fn is_like_address(text: &str) -> bool {
    const AT: [char; 2] = ['@', '\u{FF20}'];
    let parts = text.split_once(AT);
    parts.is_some_and(|(local, domain)| {
        !local.is_empty() && domain.len() > 2 && !domain.contains(AT) && !text.contains(' ')
    })
}

fn show_error(input: &HtmlInputElement, message: &str) {
    let id = error_id(input);
    // What the server said stays.
    if document().get_element_by_id(&id).is_some() {
        return;
    }
    let Ok(error) = document().create_element("p") else {
        return;
    };
    error.set_class_name("field-error");
    error.set_id(&id);
    error.set_text_content(Some(message));
    let place = input.closest(".password").ok().flatten();
    let place = place.as_ref().unwrap_or(input);
    let _ = place.before_with_node_1(&error);
    let described_by = dom::get(input, "aria-describedby");
    dom::set(
        input,
        "aria-describedby",
        [&id, " ", &*described_by].concat().trim(),
    );
    dom::set(input, "aria-invalid", "true");
    mark(input, true);
}

/// Removes an error that no longer holds, also where it came from the server.
fn reconsider(input: &HtmlInputElement) {
    let id = error_id(input);
    let Some(error) = document().get_element_by_id(&id) else {
        return;
    };
    let said = error.text_content().unwrap_or_default();
    let is_ours = |name| {
        input
            .get_attribute(name)
            .is_some_and(|text| said.ends_with(&text))
    };
    if !(is_ours("data-required") || is_ours("data-invalid")) {
        return;
    }
    if form_error(input).is_some_and(|error| said.ends_with(&error)) {
        return;
    }
    error.remove();
    dom::remove(input, "aria-invalid");
    let described_by = dom::get(input, "aria-describedby").replace(&id, "");
    match described_by.trim() {
        "" => dom::remove(input, "aria-describedby"),
        rest => dom::set(input, "aria-describedby", rest),
    }
    mark(input, false);
}

fn mark(input: &HtmlInputElement, is_invalid: bool) {
    if let Ok(Some(field)) = input.closest(".field") {
        let _ = field
            .class_list()
            .toggle_with_force("field-invalid", is_invalid);
    }
}

fn error_id(input: &HtmlInputElement) -> String {
    [&input.name(), "-error"].concat()
}
