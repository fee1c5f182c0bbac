//! The meter beside a new password. The server rates, by the rules that the form is going to meet;
//! a call that is refused or fails shows nothing.

use std::cell::Cell;

use leptos::prelude::window;
use leptos::task::spawn_local;
use wasm_bindgen_futures::JsFuture;
use web_sys::js_sys::Reflect;
use web_sys::wasm_bindgen::JsCast as _;
use web_sys::{Element, HtmlFormElement, HtmlInputElement, RequestInit, Response, UrlSearchParams};

use super::dom;

/// How long nothing must have been typed.
const PAUSE: i32 = 400;
/// The form's words that a password must not be made of:
/// where they stand, and what the function calls them.
const OWN_WORDS: [(&str, &str); 3] = [
    ("[name=email],[name=username]", "email"),
    ("[name=first_name]", "first_name"),
    ("[name=last_name]", "last_name"),
];

thread_local! {
    /// Counts what was typed, so that only the last question is asked and only its answer is shown.
    static TURN: Cell<u32> = const { Cell::new(0) };
}

pub fn start() {
    // Names and address count as well, so that all fields of the form are listened to.
    dom::on("input", |event| {
        let form = dom::target::<HtmlInputElement>(&event).and_then(|input| input.form());
        if let Some(form) = form
            && let Some(meter) = dom::find(&form, ".strength")
        {
            rate(form, meter);
        }
    });
    // What was typed before scripts came.
    dom::each(".strength", |meter| {
        let form = meter.closest("form").ok().flatten();
        if let Some(form) = form.and_then(|form| form.dyn_into().ok()) {
            rate(form, meter);
        }
    });
}

fn rate(form: HtmlFormElement, meter: Element) {
    if let Some(password) = password_of(&meter) {
        check_length(&meter, &password);
        ask_after_pause(form, meter, &password);
    }
}

fn password_of(meter: &Element) -> Option<HtmlInputElement> {
    let field = meter.closest(".field").ok()??;
    dom::find(&field, "input")?.dyn_into().ok()
}

/// The rule that needs no server: it turns green as soon as it is kept.
/// Code points after NFC, as the server counts.
fn check_length(meter: &Element, password: &HtmlInputElement) {
    let field = meter.closest(".field").ok().flatten();
    let Some(rule) = field.and_then(|field| dom::find(&field, "[data-length]")) else {
        return;
    };
    let value = web_sys::js_sys::JsString::from(password.value());
    let length = String::from(value.normalize("NFC")).chars().count();
    let is_kept = dom::get(&rule, "data-length")
        .parse()
        .is_ok_and(|least: usize| length >= least);
    let _ = rule.class_list().toggle_with_force("kept", is_kept);
}

fn ask_after_pause(form: HtmlFormElement, meter: Element, password: &HtmlInputElement) {
    let turn = TURN.get().wrapping_add(1);
    TURN.set(turn);
    let value = password.value();
    if value.is_empty() {
        show(&meter, None);
        return;
    }
    dom::later(PAUSE, move || {
        if TURN.get() != turn {
            return;
        }
        spawn_local(async move {
            let answer = ask(&dom::get(&meter, "data-function"), &form, &value).await;
            if TURN.get() == turn {
                show(&meter, answer);
            }
        });
    });
}

/// The score and the code of the error; `None` if there is no answer.
async fn ask(function: &str, form: &HtmlFormElement, password: &str) -> Option<(f64, String)> {
    let body = UrlSearchParams::new().ok()?;
    body.append("password", password);
    for (selector, name) in OWN_WORDS {
        if let Some(input) = dom::find(form, selector) {
            body.append(name, &input.unchecked_into::<HtmlInputElement>().value());
        }
    }
    let request = RequestInit::new();
    request.set_method("POST");
    request.set_body(&body);
    let response = window().fetch_with_str_and_init(function, &request);
    let response: Response = JsFuture::from(response).await.ok()?.unchecked_into();
    if !response.ok() {
        return None;
    }
    let answer = JsFuture::from(response.json().ok()?).await.ok()?;
    let score = Reflect::get(&answer, &"score".into()).ok()?.as_f64()?;
    let code = Reflect::get(&answer, &"code".into()).ok()?.as_string()?;
    Some((score, code))
}

fn show(meter: &Element, answer: Option<(f64, String)>) {
    let (Some(bar), Some(text)) = (dom::find(meter, "meter"), dom::find(meter, "p")) else {
        return;
    };
    let said = answer.and_then(|(score, code)| {
        let name = match code.as_str() {
            "ok" if score > 3.0 => "data-strong",
            "ok" => "data-good",
            "too_short" => "data-short",
            "too_weak" => "data-weak",
            "too_common" => "data-common",
            // What is not about guessing, the form will say.
            _ => return None,
        };
        dom::set(&bar, "value", &score.to_string());
        meter.get_attribute(name)
    });
    let _ = bar.toggle_attribute_with_force("hidden", said.is_none());
    text.set_text_content(said.as_deref());
}
