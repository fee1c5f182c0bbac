//! The button that shows and hides a password. The server sends it hidden,
//! with its other name and text in attributes.

use web_sys::Element;

use super::dom;

pub fn start() {
    dom::each(".reveal", |button| dom::remove(&button, "hidden"));
    dom::on("click", |event| {
        if let Some(button) = dom::target_in(&event, ".reveal") {
            toggle(&button);
        }
    });
    // Hidden again when the form is sent: browsers keep what was typed into a text input.
    dom::on("submit", |_| {
        dom::each(".reveal[aria-pressed=true]", |button| toggle(&button));
    });
}

fn toggle(button: &Element) {
    let field = button.closest(".password").ok().flatten();
    let Some(input) = field.and_then(|field| dom::find(&field, "input")) else {
        return;
    };
    let is_shown = dom::get(button, "aria-pressed") == "true";
    dom::set(&input, "type", if is_shown { "password" } else { "text" });
    dom::set(
        button,
        "aria-pressed",
        if is_shown { "false" } else { "true" },
    );
    let name = dom::get(button, "aria-label");
    dom::set(button, "aria-label", &dom::get(button, "data-name"));
    dom::set(button, "data-name", &name);
    let text = button.text_content().unwrap_or_default();
    button.set_text_content(Some(&dom::get(button, "data-text")));
    dom::set(button, "data-text", &text);
}
