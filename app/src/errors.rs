//! Pages that show nothing but an error.

use std::sync::Arc;

use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use vestibule_core::ErrorCode;
use vestibule_core::model::Language;
use vestibule_i18n::{Texts, t};
use vestibule_web::Branding;

use crate::kit::{
    Head, Layout, PageForms, ReturnTo, Visit, error_page, stylesheet, texts, valid_markup,
};

/// There is no such page.
#[component]
pub fn NotFoundPage() -> impl IntoView {
    Visit::current().ok().map(|visit| {
        visit.answer_with(ErrorCode::NotFound);
        view! { <ErrorPage product_name=visit.product_name() code=ErrorCode::NotFound/> }
    })
}

/// What a code means to end users.
#[component]
pub fn ErrorPage(
    #[prop(into)] product_name: String,
    code: ErrorCode,
    /// Seconds to wait before trying again.
    #[prop(optional_no_strip)]
    retry_after: Option<u64>,
    /// What operators find the request by in the log.
    #[prop(optional_no_strip)]
    request_id: Option<String>,
    /// Whether scripts come with the page; where they do not, the number can be selected.
    #[prop(optional)]
    can_copy: bool,
) -> impl IntoView {
    let texts = texts();
    let (heading, text) = error_page(texts, code, retry_after);
    // Every link of this host would come back to the same page.
    let is_dead_end = code == ErrorCode::MisdirectedRequest;
    view! {
        <Layout product_name heading is_dead_end>
            <p>{text}</p>
            {(!is_dead_end).then(|| view! { <p><a href="/account">{t!(texts, "error-page-home")}</a></p> })}
            {request_id
                .map(|id| {
                    view! {
                        <p class="footnote">
                            {t!(texts, "error-page-request", id = id.clone())}
                            {can_copy.then(|| view! { <CopyButton text=id/> })}
                        </p>
                    }
                })}
        </Layout>
    }
}

/// Copies a text that stands beside it. Scripts make it visible where they can copy, and say that
/// it is done: on the button, and in the status behind it for screen readers.
#[component]
fn CopyButton(text: String) -> impl IntoView {
    let texts = texts();
    view! {
        <button
            type="button"
            class="button button-secondary copy"
            hidden
            data-copy=text
            data-done=t!(texts, "copy-done")
        >
            {t!(texts, "copy-button")}
        </button>
        <span class="visually-hidden" role="status"></span>
    }
}

/// An error page as a whole document, for middleware that
/// refuses a request before any page is rendered.
pub struct ErrorDocument<'a> {
    /// Where the stylesheet is.
    pub package_dir: &'a str,
    pub product_name: &'a str,
    pub branding: &'a Arc<Branding>,
    pub language: Language,
    pub code: ErrorCode,
    /// Seconds to wait before trying again.
    pub retry_after: Option<u64>,
    pub request_id: &'a str,
    /// What was asked for, if it can be asked for again.
    pub page: Option<&'a http::Uri>,
}

impl ErrorDocument<'_> {
    pub fn html(&self) -> String {
        let texts = Texts::of(self.language);
        let (heading, _) = error_page(texts, self.code, self.retry_after);
        let title = format!("{heading} · {}", self.product_name);
        let request_id = Some(self.request_id.to_owned()).filter(|id| !id.is_empty());
        let page = self.page.map(ReturnTo::to_page).unwrap_or_default();
        Owner::new().with(|| {
            provide_meta_context();
            provide_context(texts);
            provide_context(page);
            provide_context(PageForms::default());
            provide_context(Arc::clone(self.branding));
            let document = view! {
                <!DOCTYPE html>
                <html lang=texts.lang() dir=texts.dir()>
                    <head>
                        <Head stylesheet=stylesheet(self.package_dir)/>
                        <title>{title}</title>
                    </head>
                    <body>
                        <ErrorPage
                            product_name=self.product_name
                            code=self.code
                            retry_after=self.retry_after
                            request_id
                        />
                    </body>
                </html>
            };
            valid_markup(&document.to_html(), None)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(code: ErrorCode, language: Language) -> String {
        let branding = Branding {
            stylesheet: Some("/branding/1/theme.css".to_owned()),
            logo: Some("/branding/2/logo.svg".to_owned()),
            ..Branding::default()
        };
        let document = ErrorDocument {
            package_dir: "pkg/1",
            product_name: "R&D <portal>",
            branding: &Arc::new(branding),
            language,
            code,
            retry_after: Some(40),
            request_id: "0192-ab",
            page: Some(&http::Uri::from_static("/logni?a=%22")),
        };
        document.html()
    }

    #[test]
    fn an_error_document_is_whole_and_escaped() {
        let html = document(ErrorCode::Forbidden, Language::English);
        assert!(
            html.starts_with("<!DOCTYPE html>") && html.ends_with("</html>"),
            "{html}"
        );
        for part in [
            "<html lang=\"en\" dir=\"ltr\"",
            "<title>Not allowed · R&amp;D &lt;portal&gt;</title>",
            "/pkg/1/vestibule.css",
            "/branding/1/theme.css",
            "/branding/2/logo.svg",
            "0192-ab",
            "value=\"/logni?a=%22\"",
        ] {
            assert!(html.contains(part), "{part} in {html}");
        }
        assert_eq!(html.matches("<h1").count(), 1);
    }

    #[test]
    fn an_error_document_asks_no_script_for_anything() {
        let html = document(ErrorCode::Internal, Language::English);
        assert!(html.contains("0192-ab"), "{html}");
        assert!(
            !html.contains("<script") && !html.contains("data-copy"),
            "{html}"
        );
    }

    #[test]
    fn a_page_for_the_wrong_host_leads_nowhere() {
        let html = document(ErrorCode::MisdirectedRequest, Language::English);
        assert!(
            !html.contains("href=\"/account\"") && !html.contains("<form"),
            "{html}"
        );
    }

    #[test]
    fn an_error_document_speaks_the_language_of_its_reader() {
        let html = document(ErrorCode::RateLimited, Language::German);
        for part in ["<html lang=\"de\"", "Zu viele Anfragen", "in 40 Sekunden"] {
            assert!(html.contains(part), "{part} in {html}");
        }
    }
}
