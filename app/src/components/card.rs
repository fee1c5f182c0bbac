use leptos::prelude::*;

use super::error_summary::ErrorSummary;
use super::layout::Layout;
use super::notice::NoticeBox;
use crate::flash::Flash;
use crate::messages;
use crate::ssr::{PageForms, Visit};

/// A page of one card, for signed-in visitors and others: heading, what the request before has to
/// say, and then its own parts. `fields` are the form errors that the summary links to.
pub fn card(
    visit: &Visit,
    heading: String,
    flash: &Flash,
    fields: Vec<(&'static str, String)>,
    content: impl IntoView + 'static,
) -> AnyView {
    let message = messages::error(visit.texts(), flash);
    // Known as soon as the page has asked who is signed in.
    let is_signed_in = PageForms::current().account().is_some();
    let flash = flash.clone();
    view! {
        <Layout
            product_name=visit.product_name()
            heading
            has_error=message.is_some()
            is_signed_in
        >
            <NoticeBox flash/>
            <ErrorSummary message fields/>
            {content}
        </Layout>
    }
    .into_any()
}
