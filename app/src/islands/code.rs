//! The field for a mailed code: takes it with spaces and dashes, and sends the form once the code
//! was filled in as a whole. Who types presses the button.

use web_sys::wasm_bindgen::JsCast as _;
use web_sys::{Event, HtmlFormElement, HtmlInputElement, InputEvent};

use super::dom;

const DIGITS: usize = 6;

pub fn start() {
    dom::on("input", |event| {
        let input = dom::target::<HtmlInputElement>(&event);
        let Some(input) = input.filter(|input| input.autocomplete() == "one-time-code") else {
            return;
        };
        if was_filled(&event) && tidy(&input) {
            send(&input);
        }
    });
    // What was entered before scripts came is not sent: it may have been typed.
    dom::each("[autocomplete=one-time-code]", |input| {
        tidy(&input.unchecked_into());
    });
}

/// Whether this was a paste or the browser's own filling. Scripts
/// of extensions send the form themselves if they want to.
fn was_filled(event: &Event) -> bool {
    let Some(input) = event.dyn_ref::<InputEvent>() else {
        return event.is_trusted();
    };
    let kind = input.input_type();
    let is_typed = match kind.as_str() {
        // A keyboard that suggests the code enters it as one text.
        "insertText" => input.data().is_none_or(|text| text.len() < DIGITS),
        "insertCompositionText" => true,
        kind => kind.starts_with("delete") || kind.starts_with("history"),
    };
    event.is_trusted() && !is_typed
}

/// Leaves nothing but the digits; `false` if they are not a whole code, or there is more than
/// digits and what may stand between them.
fn tidy(input: &HtmlInputElement) -> bool {
    let code: String = input
        .value()
        .chars()
        .filter(|c| {
            !c.is_whitespace() && !"-\u{2010}\u{2011}\u{2012}\u{2013}\u{2014}.".contains(*c)
        })
        .collect();
    if code.is_empty() || !code.bytes().all(|c| c.is_ascii_digit()) {
        return false;
    }
    input.set_value(&code);
    code.len() == DIGITS
}

/// What else the form asks for comes first.
fn send(input: &HtmlInputElement) {
    if let Some(form) = input.form().filter(HtmlFormElement::check_validity) {
        let _ = form.request_submit();
    }
}
