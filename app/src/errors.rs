//! Pages that show nothing but an error.

use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use vestibule_core::ErrorCode;

use crate::components::{Head, Layout, stylesheet};
use crate::messages;
use crate::ssr::Visit;

/// There is no such page.
#[component]
pub fn NotFoundPage() -> impl IntoView {
    Visit::current().ok().map(|visit| {
        visit.answer_with(ErrorCode::NotFound);
        view! { <ErrorPage product_name=visit.product_name() code=ErrorCode::NotFound/> }
    })
}

/// What a code means to people.
#[component]
pub fn ErrorPage(
    #[prop(into)] product_name: String,
    code: ErrorCode,
    /// What operators find the request by in the log.
    #[prop(optional_no_strip)]
    request_id: Option<String>,
) -> impl IntoView {
    let (heading, text) = messages::error_page(code);
    view! {
        <Layout product_name heading>
            <p>{text}</p>
            <p><a href="/account">"Go to your account"</a></p>
            {request_id.map(|id| view! { <p class="footnote">"Request " {id}</p> })}
        </Layout>
    }
}

/// An error page as a whole document, for middleware that refuses a request before any page is rendered.
/// `package_dir` is where the stylesheet is.
pub fn error_document(
    package_dir: &str,
    product_name: &str,
    code: ErrorCode,
    request_id: &str,
) -> String {
    let (heading, _) = messages::error_page(code);
    let title = format!("{heading} · {product_name}");
    let request_id = Some(request_id.to_owned()).filter(|id| !id.is_empty());
    Owner::new().with(|| {
        provide_meta_context();
        let document = view! {
            <!DOCTYPE html>
            <html lang="en">
                <head>
                    <Head stylesheet=stylesheet(package_dir)/>
                    <title>{title}</title>
                </head>
                <body>
                    <ErrorPage product_name code request_id/>
                </body>
            </html>
        };
        document.to_html()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_document_is_whole_and_escaped() {
        let html = error_document("pkg/1", "R&D <portal>", ErrorCode::Forbidden, "0192-ab");
        assert!(
            html.starts_with("<!DOCTYPE html>") && html.ends_with("</html>"),
            "{html}"
        );
        assert!(
            html.contains("<title>Not allowed · R&amp;D &lt;portal&gt;</title>"),
            "{html}"
        );
        assert!(
            html.contains("/pkg/1/vestibule.css") && html.contains("0192-ab"),
            "{html}"
        );
        assert_eq!(html.matches("<h1").count(), 1);
    }
}
