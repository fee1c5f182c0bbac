//! The password input with what belongs to it.

use leptos::attr::custom::custom_attribute;
use leptos::prelude::*;
use leptos::server_fn::ServerFn as _;
use vestibule_i18n::t;

use super::field::{FieldError, Label, described_by, field_class};
use crate::kit::password_strength::PasswordStrength;
use crate::kit::request;

/// A password input with its button to show what was typed.
/// A second input "to confirm" is not needed then.
#[component]
pub fn PasswordField(
    name: &'static str,
    #[prop(into)] label: String,
    autocomplete: &'static str,
    /// The shortest password that the rules allow; for new passwords only,
    /// which password managers then obey.
    #[prop(optional)]
    min_length: Option<usize>,
    error: Option<String>,
) -> impl IntoView {
    let is_invalid = error.is_some();
    let described_by = described_by(name, is_invalid, min_length.is_some());
    view! {
        <div class=field_class(is_invalid)>
            <Label name label required=true/>
            {min_length.map(|length| view! { <Rules name length/> })}
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
                    data-required=t!(request::texts(), "field-required", field = name)
                    {..custom_attribute("passwordrules", min_length.map(|length| format!("minlength: {length};")))}
                />
                <Reveal/>
            </div>
            {min_length.map(|length| view! { <StrengthMeter length/> })}
        </div>
    }
}

/// What a new password must be. The length is marked as soon as it is reached.
#[component]
fn Rules(name: &'static str, length: usize) -> impl IntoView {
    let texts = request::texts();
    view! {
        <p class="hint" id=format!("{name}-hint")>
            <span class="rule" data-length=length>{t!(texts, "password-rule-length", count = length)}</span>
            " "
            {t!(texts, "password-rule-words")}
        </p>
    }
}

/// Shows and hides what was typed. Scripts make it visible, since it does nothing without them;
/// they find its other name and text in its attributes.
#[component]
fn Reveal() -> impl IntoView {
    let texts = request::texts();
    view! {
        <button
            type="button"
            class="reveal"
            hidden
            aria-pressed="false"
            aria-label=t!(texts, "password-show-name")
            data-name=t!(texts, "password-hide-name")
            data-text=t!(texts, "password-hide")
        >
            {t!(texts, "password-show")}
        </button>
    }
}

/// How hard a new password is to guess, while it is typed. Empty until scripts have asked the
/// server; the text says all that the bar shows.
#[component]
fn StrengthMeter(length: usize) -> impl IntoView {
    let texts = request::texts();
    view! {
        <div
            class="strength"
            data-function=PasswordStrength::PATH
            data-short=t!(texts, "strength-short", count = length)
            data-weak=t!(texts, "strength-weak")
            data-common=t!(texts, "strength-common")
            data-good=t!(texts, "strength-good")
            data-strong=t!(texts, "strength-strong")
        >
            <meter hidden aria-label=t!(texts, "strength-name") min="0" max="4" low="2" high="2.5" optimum="4" value="0"></meter>
            <p aria-live="polite"></p>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::super::html;
    use super::*;

    #[test]
    fn a_password_is_never_filled_in() {
        let html = html(
            || view! { <PasswordField name="password" label="Password" autocomplete="current-password" error=None/> },
        );
        assert!(
            html.contains("type=\"password\"") && !html.contains(" value="),
            "{html}"
        );
        assert!(
            !html.contains("minlength") && !html.contains("meter"),
            "an existing password may be of any length and strength"
        );
    }

    #[test]
    fn a_new_password_has_rules_and_a_meter() {
        let html = html(
            || view! { <PasswordField name="new_password" label="New" autocomplete="new-password" min_length=12 error=None/> },
        );
        for part in [
            "minlength=\"12\"",
            "passwordrules=\"minlength: 12;\"",
            "aria-describedby=\"new_password-hint\"",
            "data-length=\"12\"",
            ">At least 12 characters.</span>",
            "<meter",
        ] {
            assert!(html.contains(part), "{part} in {html}");
        }
    }

    #[test]
    fn what_only_scripts_can_do_is_hidden_without_them() {
        let html = html(
            || view! { <PasswordField name="password" label="Password" autocomplete="new-password" min_length=8 error=None/> },
        );
        for element in ["<button", "<meter"] {
            let (_, rest) = html.split_once(element).unwrap();
            let tag = rest.split('>').next().unwrap();
            assert!(tag.contains(" hidden"), "{element}{tag}");
        }
    }
}
