//! Flows that cannot go on, each with a way to somewhere.

use leptos::prelude::*;
use vestibule_core::{AuthError, ErrorCode, FlowApp, FlowProblem};
use vestibule_i18n::t;

use crate::errors::NotFoundPage;
use crate::kit::{Layout, Sentence, Visit, app_name, link, slot};

/// What an app asked for that must not be answered where it says.
pub async fn page(visit: Visit) -> Result<AnyView, AuthError> {
    let Some(problem) = visit.flow_problem() else {
        return Ok(view! { <NotFoundPage/> }.into_any());
    };
    Ok(view(&visit, problem))
}

pub fn view(visit: &Visit, problem: FlowProblem) -> AnyView {
    let texts = visit.texts();
    visit.answer_with(ErrorCode::ValidationFailed);
    let (heading, text) = match problem {
        FlowProblem::UnknownClient => (
            t!(texts, "app-unknown-heading"),
            t!(texts, "app-unknown-text"),
        ),
        FlowProblem::UnknownAddress => (
            t!(texts, "app-address-heading"),
            t!(texts, "app-address-text"),
        ),
    };
    let request = visit.request_id();
    let request = request
        .map(|id| view! { <p class="footnote">{t!(texts, "error-page-request", id = id)}</p> });
    view! {
        <Layout product_name=visit.product_name() heading>
            <p>{text}</p>
            <p><a href="/account">{t!(texts, "error-page-home")}</a></p>
            {request}
        </Layout>
    }
    .into_any()
}

/// The browser does not have the flow: it is finished, has expired, or belongs to another browser.
pub async fn stranded(visit: &Visit) -> Result<AnyView, AuthError> {
    let texts = visit.texts();
    visit.answer_with(ErrorCode::ValidationFailed);
    let client_id = visit.query("client").unwrap_or_default();
    let app = visit.auth().app_of_client(&client_id).await?;
    let heading = t!(texts, "app-stranded-heading");
    let way = app.as_ref().map(|app| way_to(visit, app));
    let view = view! {
        <Layout product_name=visit.product_name() heading>
            <p>{t!(texts, "app-stranded-text")}</p>
            {way}
            <p><a href="/account">{t!(texts, "error-page-home")}</a></p>
        </Layout>
    };
    Ok(view.into_any())
}

fn way_to(visit: &Visit, app: &FlowApp) -> AnyView {
    let texts = visit.texts();
    if let Some(home) = &app.home_url {
        let text = t!(texts, "app-stranded-link", app = app.name.as_str());
        return view! { <p>{link(home.clone(), text)}</p> }.into_any();
    }
    let text = t!(texts, "app-stranded-open", app = slot(0));
    let parts = vec![app_name(app)];
    view! { <p><Sentence text parts/></p> }.into_any()
}
