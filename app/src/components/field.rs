//! Labelled inputs. Their names are a contract: tests, scripts and password managers rely on them.

use leptos::attr::custom::custom_attribute;
use leptos::prelude::*;

use crate::islands::PasswordToggle;

/// A one-line input with its label, hint and error.
#[component]
pub fn TextField(
    /// Name and id.
    name: &'static str,
    label: &'static str,
    #[prop(default = "text")] kind: &'static str,
    autocomplete: &'static str,
    #[prop(optional)] inputmode: Option<&'static str>,
    #[prop(optional)] pattern: Option<&'static str>,
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
    view! {
        <div class=field_class(is_invalid)>
            <Label name label required/>
            <Hint name hint/>
            <FieldError name error help/>
            <input
                id=name
                name=name
                type=kind
                class=class
                value=value
                autocomplete=autocomplete
                inputmode=inputmode
                pattern=pattern
                autocapitalize=is_address.then_some("none")
                spellcheck=is_address.then_some("false")
                required=required
                aria-describedby=described_by
                aria-invalid=is_invalid.then_some("true")
            />
        </div>
    }
}

/// A password input with its button to show what was typed. A second input "to confirm" is not needed then.
#[component]
pub fn PasswordField(
    name: &'static str,
    label: &'static str,
    autocomplete: &'static str,
    /// The shortest password that the rules allow; for new passwords only, which password managers then obey.
    #[prop(optional)]
    min_length: Option<usize>,
    error: Option<String>,
) -> impl IntoView {
    let hint = min_length
        .map(|length| format!("At least {length} characters. A few unrelated words are easy to remember and hard to guess."));
    let is_invalid = error.is_some();
    let described_by = described_by(name, is_invalid, hint.is_some());
    view! {
        <div class=field_class(is_invalid)>
            <Label name label required=true/>
            <Hint name hint/>
            <FieldError name error/>
            <div class="password">
                <input
                    id=name
                    name=name
                    type="password"
                    autocomplete=autocomplete
                    minlength=min_length
                    autocapitalize="none"
                    spellcheck="false"
                    required
                    aria-describedby=described_by
                    aria-invalid=is_invalid.then_some("true")
                    {..custom_attribute("passwordrules", min_length.map(|length| format!("minlength: {length};")))}
                />
                <PasswordToggle/>
            </div>
        </div>
    }
}

/// A checkbox that sends `on`.
#[component]
pub fn Checkbox(
    name: &'static str,
    label: &'static str,
    #[prop(optional)] checked: bool,
) -> impl IntoView {
    view! {
        <div class="checkbox">
            <input id=name name=name type="checkbox" checked=checked/>
            <label for=name>{label}</label>
        </div>
    }
}

/// A value that is carried along.
#[component]
pub fn HiddenField(name: &'static str, #[prop(into)] value: String) -> impl IntoView {
    view! { <input type="hidden" name=name value=value/> }
}

/// Tells password managers whose password it is. They ignore `type="hidden"`, so it is a text input that nobody sees.
#[component]
pub fn Username(#[prop(into)] email: String) -> impl IntoView {
    view! {
        <input
            type="text"
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
fn Label(name: &'static str, label: &'static str, required: bool) -> impl IntoView {
    view! {
        <label for=name>
            {label}
            {(!required).then(|| view! { <span class="optional">" (optional)"</span> })}
        </label>
    }
}

#[component]
fn Hint(name: &'static str, hint: Option<String>) -> impl IntoView {
    hint.map(|hint| view! { <p class="hint" id=format!("{name}-hint")>{hint}</p> })
}

#[component]
fn FieldError(
    name: &'static str,
    error: Option<String>,
    #[prop(optional_no_strip)] help: Option<AnyView>,
) -> impl IntoView {
    error.map(|error| {
        view! {
            <p class="field-error" id=format!("{name}-error")>
                <span class="visually-hidden">"Error: "</span>
                {error}
                {help}
            </p>
        }
    })
}

fn field_class(is_invalid: bool) -> &'static str {
    if is_invalid {
        "field field-invalid"
    } else {
        "field"
    }
}

fn described_by(name: &str, has_error: bool, has_hint: bool) -> Option<String> {
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
    use super::*;

    fn html<V: IntoView>(view: impl FnOnce() -> V) -> String {
        Owner::new().with(|| view().into_view().to_html())
    }

    #[test]
    fn a_field_at_fault_is_tied_to_its_error_and_hint() {
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
    fn a_field_without_fault_says_nothing_of_errors() {
        let html = html(
            || view! { <TextField name="email" label="Email" kind="email" autocomplete="username" error=None/> },
        );
        assert!(!html.contains("aria-") && !html.contains("error"), "{html}");
        assert!(html.contains("autocapitalize=\"none\""), "{html}");
    }

    #[test]
    fn a_password_is_never_filled_in() {
        let html = html(
            || view! { <PasswordField name="password" label="Password" autocomplete="current-password" error=None/> },
        );
        assert!(
            html.contains("type=\"password\"") && !html.contains("value="),
            "{html}"
        );
        assert!(
            !html.contains("minlength"),
            "an existing password may be of any length"
        );
    }
}
