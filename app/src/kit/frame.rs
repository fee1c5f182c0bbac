//! What all pages share.

use leptos::attr::custom::custom_attribute;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos_meta::Title;
use vestibule_core::model::Language;
use vestibule_i18n::{Texts, t};

use super::components::{Button, ButtonStyle, Carried, ErrorSummary, PostForm, notice_box};
use super::form::Flash;
use super::frame_forms::{SetLanguage, SignOut};
use super::messages;
use super::request::{self, PageForms, Visit};

/// A doorway, drawn in a colour that stands on light and dark tab bars.
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Cg fill='none' \
    stroke='%23138a7c' stroke-width='3' stroke-linecap='round'%3E%3Cpath d='M5 29V14a11 11 0 0 1 22 0v15'/%3E%3Cpath \
    d='M12 29V15a4 4 0 0 1 8 0v14'/%3E%3C/g%3E%3C/svg%3E";

/// The portal's own icon as a file.
pub fn icon_file() -> String {
    let drawing = ICON.strip_prefix("data:image/svg+xml,").unwrap_or_default();
    let letters = [("%3C", "<"), ("%3E", ">"), ("%23", "#")];
    let decode = |text: String, (code, letter): (&str, &str)| text.replace(code, letter);
    letters.into_iter().fold(drawing.to_owned(), decode)
}

/// The address of the stylesheet, which lies in the folder that the build gives its files.
pub fn stylesheet(package_dir: &str) -> String {
    format!("/{package_dir}/vestibule.css")
}

/// What every document has in its head.
#[component]
pub fn Head(stylesheet: String) -> impl IntoView {
    let branding = request::branding();
    let icon = branding.logo.clone().unwrap_or_else(|| ICON.to_owned());
    // After the main one, whose colours it replaces.
    let own_colours = branding
        .stylesheet
        .clone()
        .map(|href| view! { <link rel="stylesheet" href=href/> });
    view! {
        <meta charset="utf-8"/>
        <meta name="viewport" content="width=device-width, initial-scale=1"/>
        <meta name="color-scheme" content="light dark"/>
        <meta name="theme-color" content="#f4f3ef" {..custom_attribute("media", "(prefers-color-scheme: light)")}/>
        <meta name="theme-color" content="#121514" {..custom_attribute("media", "(prefers-color-scheme: dark)")}/>
        <link rel="icon" href=icon/>
        <link rel="stylesheet" href=stylesheet/>
        {own_colours}
    }
}

/// What the skip link leads to by itself.
const MAIN: &str = "main";

/// What it leads to where a navigation begins the main landmark.
pub const CONTENT: &str = "content";

/// How much room a page takes.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum Width {
    #[default]
    Narrow,
    /// For a page that begins with a navigation.
    Wide,
}

/// The frame of a page: skip link, header, the main
/// landmark with its one heading, and the languages.
#[component]
pub fn Layout(
    #[prop(into)] product_name: String,
    /// The heading, and the beginning of the document's title.
    #[prop(into)]
    heading: String,
    /// Whether the page shows what went wrong with a form: the title says so first.
    #[prop(optional)]
    has_error: bool,
    #[prop(optional)] is_signed_in: bool,
    /// Whether nothing of this host can be opened, so that there is nothing to link to.
    #[prop(optional)]
    is_dead_end: bool,
    #[prop(optional)] width: Width,
    children: Children,
) -> impl IntoView {
    let texts = request::texts();
    let mut title = format!("{heading} · {product_name}");
    if has_error {
        title = t!(texts, "frame-title-error", title = title);
    }
    let (class, content) = match width {
        Width::Wide => ("page page-wide", CONTENT),
        Width::Narrow => ("page page-narrow", MAIN),
    };
    view! {
        <Title text=escape(&title)/>
        <a class="skip-link" href=format!("#{content}")>{t!(texts, "frame-skip")}</a>
        <div class=class>
            <header class="masthead">
                <Wordmark product_name is_link=!is_dead_end/>
                {is_signed_in.then(|| view! { <SignedInNavigation/> })}
            </header>
            <main id=MAIN tabindex="-1">
                <h1>{heading}</h1>
                {children()}
            </main>
            <LanguageSwitcher has_languages=!is_dead_end/>
        </div>
    }
}

/// A page of one card, for signed-in visitors and others: heading, what the request before has to
/// say, and then its own parts. `fields` are the form errors that the summary links to.
pub fn card(
    visit: &Visit,
    heading: String,
    flash: &Flash,
    fields: Vec<(&'static str, String)>,
    content: impl IntoView + 'static,
) -> AnyView {
    let message = messages::form_error(visit.texts(), flash);
    // Known as soon as the page has asked who is signed in.
    let is_signed_in = PageForms::current().account().is_some();
    let notice = notice_box(flash);
    view! {
        <Layout
            product_name=visit.product_name()
            heading
            has_error=message.is_some()
            is_signed_in
        >
            {notice}
            <ErrorSummary message fields/>
            {content}
        </Layout>
    }
    .into_any()
}

/// Logo and name of the deployment.
#[component]
fn Wordmark(product_name: String, is_link: bool) -> impl IntoView {
    let content = view! { <Logo/><span>{product_name}</span> };
    if is_link {
        view! { <a class="wordmark" href="/account">{content}</a> }.into_any()
    } else {
        view! { <span class="wordmark">{content}</span> }.into_any()
    }
}

#[component]
fn SignedInNavigation() -> impl IntoView {
    let texts = request::texts();
    view! {
        <nav aria-label=t!(texts, "frame-account")>
            <a href="/account">{t!(texts, "frame-account")}</a>
            <PostForm action=SignOut::PATH class="inline-form">
                <Button style=ButtonStyle::Plain>{t!(texts, "frame-sign-out")}</Button>
            </PostForm>
        </nav>
    }
}

/// The deployment's logo, or the portal's doorway. The name beside it says what it is.
#[component]
fn Logo() -> impl IntoView {
    if let Some(path) = request::branding().logo.clone() {
        return view! { <img class="logo" src=path alt=""/> }.into_any();
    }
    view! {
        <svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
            <path d="M5 29V14a11 11 0 0 1 22 0v15"></path>
            <path d="M12 29V15a4 4 0 0 1 8 0v14"></path>
        </svg>
    }
    .into_any()
}

/// The languages to choose from, each in its own words, and where to ask for help.
/// The page comes again in the chosen language.
#[component]
fn LanguageSwitcher(
    /// Whether the form can be sent to this host.
    has_languages: bool,
) -> impl IntoView {
    let current = request::texts();
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
    let help = request::branding().support.as_ref().map(|address| {
        view! { <a href=format!("mailto:{address}")>{t!(current, "frame-help")}</a> }
    });
    let languages = has_languages.then(|| {
        view! {
            <PostForm action=SetLanguage::PATH class="languages">
                <span class="visually-hidden">{t!(current, "frame-language")}</span>
                <Carried return_to=request::here()/>
                {buttons.collect_view()}
            </PostForm>
        }
    });
    view! {
        <footer class="footer">
            {languages}
            {help}
        </footer>
    }
}

/// The framework writes titles as they are; the product's name is free text.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
