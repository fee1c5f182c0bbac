use leptos::prelude::*;
use vestibule_i18n::t;

use super::layout::Layout;
use crate::ssr;

/// The page of a mailed link that was open for too long, or
/// whose address was cut short. The link itself may still work.
#[component]
pub fn ExpiredLink(#[prop(into)] product_name: String) -> impl IntoView {
    let texts = ssr::texts();
    view! {
        <Layout product_name heading=t!(texts, "link-again-heading")>
            <p>{t!(texts, "link-again-text")}</p>
            <p class="footnote"><a href="/login">{t!(texts, "forgot-back")}</a></p>
        </Layout>
    }
}
