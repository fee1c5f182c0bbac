//! Pages that show nothing but an error.

use leptos::config::LeptosOptions;
use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use vestibule_core::ErrorCode;

use crate::components::{Head, Layout};
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
pub fn ErrorPage(#[prop(into)] product_name: String, code: ErrorCode) -> impl IntoView {
    let (heading, text) = messages::error_page(code);
    view! {
        <Layout product_name heading>
            <p>{text}</p>
            <p><a href="/account">"Go to your account"</a></p>
        </Layout>
    }
}

/// An error page as a whole document, for middleware that refuses a request before any page is rendered.
pub fn error_document(options: LeptosOptions, product_name: &str, code: ErrorCode) -> String {
    let (heading, _) = messages::error_page(code);
    let title = format!("{heading} · {product_name}");
    Owner::new().with(|| {
        provide_meta_context();
        let document = view! {
            <!DOCTYPE html>
            <html lang="en">
                <head>
                    <Head package_dir=options.site_pkg_dir/>
                    <title>{title}</title>
                </head>
                <body>
                    <ErrorPage product_name code/>
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
        let options = LeptosOptions::builder().output_name("vestibule").build();
        let html = error_document(options, "R&D <portal>", ErrorCode::Forbidden);
        assert!(html.starts_with("<!DOCTYPE html>") && html.ends_with("</html>"), "{html}");
        assert!(html.contains("<title>Not allowed · R&amp;D &lt;portal&gt;</title>"), "{html}");
        assert_eq!(html.matches("<h1").count(), 1);
    }
}
