//! Labelled inputs. Their names are a contract: tests, scripts and password managers rely on them.

use leptos::prelude::*;
use vestibule_i18n::t;

use crate::kit::request;

/// A one-line input with its label, hint and error.
#[component]
pub fn TextField(
    /// Name and id.
    name: &'static str,
    #[prop(into)] label: String,
    #[prop(default = "text")] kind: &'static str,
    autocomplete: &'static str,
    #[prop(optional)] inputmode: Option<&'static str>,
    #[prop(default = "line")] class: &'static str,
    #[prop(default = true)] required: bool,
    #[prop(optional, into)] value: String,
    error: Option<String>,
    #[prop(optional, into)] hint: Option<String>,
    /// What helps with the error, for example links.
    #[prop(optional_no_strip)]
    help: Option<AnyView>,
) -> impl IntoView {
    // Names and addresses are not words: phones should neither capitalise nor correct an address.
    let is_address = kind == "email";
    let is_invalid = error.is_some();
    let described_by = described_by(name, is_invalid, hint.is_some());
    // What scripts say before the form is sent, in the words that the server would answer with.
    let texts = request::texts();
    let needs = required.then(|| t!(texts, "field-required", field = name));
    let is_no_address = is_address.then(|| t!(texts, "field-invalid-email"));
    view! {
        <div class=field_class(is_invalid)>
            <Label name label required/>
            {hint.map(|hint| view! { <p class="hint" id=format!("{name}-hint")>{hint}</p> })}
            <FieldError name error help/>
            <input
                id=name
                name=name
                type=kind
                class=class
                value=value
                autocomplete=autocomplete
                inputmode=inputmode
                autocapitalize=is_address.then_some("none")
                spellcheck=is_address.then_some("false")
                required=required
                aria-describedby=described_by
                aria-invalid=is_invalid.then_some("true")
                data-required=needs
                data-invalid=is_no_address
            />
        </div>
    }
}

/// A value that is carried along.
#[component]
pub fn HiddenField(name: &'static str, #[prop(into)] value: String) -> impl IntoView {
    view! { <input type="hidden" name=name value=value/> }
}

/// Tells password managers whose password it is, at most once in a page. They ignore
/// `type="hidden"`, so it is a text input that nobody sees.
#[component]
pub fn Username(#[prop(into)] email: String) -> impl IntoView {
    view! {
        <input
            type="text"
            id="username"
            name="username"
            class="visually-hidden"
            value=email
            autocomplete="username"
            readonly
            tabindex="-1"
            aria-hidden="true"
        />
    }
}

#[component]
pub(super) fn Label(
    name: &'static str,
    #[prop(into)] label: String,
    required: bool,
) -> impl IntoView {
    view! {
        <label for=name>
            {label}
            {(!required).then(|| view! { " " <span class="optional">{t!(request::texts(), "field-optional")}</span> })}
        </label>
    }
}

/// What is wrong with a field. The input names it in `aria-describedby`.
#[component]
pub fn FieldError(
    name: &'static str,
    error: Option<String>,
    #[prop(optional_no_strip)] help: Option<AnyView>,
) -> impl IntoView {
    error.map(|error| {
        view! {
            <p class="field-error" id=format!("{name}-error")>
                <span class="visually-hidden">{t!(request::texts(), "field-error")} " "</span>
                {error}
                {help}
            </p>
        }
    })
}

pub(super) fn field_class(is_invalid: bool) -> &'static str {
    if is_invalid {
        "field field-invalid"
    } else {
        "field"
    }
}

pub(super) fn described_by(name: &str, has_error: bool, has_hint: bool) -> Option<String> {
    let ids = [(has_error, "error"), (has_hint, "hint")];
    let ids: Vec<String> = ids
        .into_iter()
        .filter(|(has, _)| *has)
        .map(|(_, id)| format!("{name}-{id}"))
        .collect();
    (!ids.is_empty()).then(|| ids.join(" "))
}

#[cfg(test)]
mod tests {
    use super::super::html;
    use super::*;

    #[test]
    fn an_invalid_field_is_tied_to_its_error_and_hint() {
        let html = html(|| {
            view! {
                <TextField
                    name="code"
                    label="Code"
                    autocomplete="one-time-code"
                    value="12\"><script>"
                    hint="Six digits"
                    error=Some("Wrong.".to_owned())
                />
            }
        });
        for part in [
            "<label for=\"code\">",
            "id=\"code-error\"",
            "id=\"code-hint\"",
            "aria-describedby=\"code-error code-hint\"",
            "aria-invalid=\"true\"",
        ] {
            assert!(html.contains(part), "{part} in {html}");
        }
        assert!(!html.contains("<script>"), "{html}");
    }

    #[test]
    fn a_field_without_error_says_nothing_of_errors() {
        let html = html(
            || view! { <TextField name="email" label="Email" kind="email" autocomplete="username" error=None/> },
        );
        assert!(!html.contains("aria-") && !html.contains("error"), "{html}");
        assert!(html.contains("autocapitalize=\"none\""), "{html}");
    }
}
