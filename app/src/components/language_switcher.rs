use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use vestibule_core::model::Language;
use vestibule_i18n::{Texts, t};

use super::carried::Carried;
use super::form::Form;
use crate::language::SetLanguage;
use crate::ssr;

/// The languages to choose from, each in its own words, and where to ask for help.
/// The page comes again in the chosen language.
#[component]
pub fn LanguageSwitcher(
    /// Whether the form can be sent to this host.
    has_languages: bool,
) -> impl IntoView {
    let current = ssr::texts();
    let buttons = Language::ALL.iter().map(move |language| {
        let texts = Texts::of(*language);
        view! {
            <button
                type="submit"
                name="language"
                value=texts.lang()
                lang=texts.lang()
                aria-current=(texts == current).then_some("true")
            >
                {t!(texts, "language-name")}
            </button>
        }
    });
    let help = ssr::branding().support.as_ref().map(|address| {
        view! { <a href=format!("mailto:{address}")>{t!(current, "frame-help")}</a> }
    });
    let languages = has_languages.then(|| {
        view! {
            <Form action=SetLanguage::PATH class="languages">
                <span class="visually-hidden">{t!(current, "frame-language")}</span>
                <Carried return_to=ssr::here()/>
                {buttons.collect_view()}
            </Form>
        }
    });
    view! {
        <footer class="footer">
            {languages}
            {help}
        </footer>
    }
}
