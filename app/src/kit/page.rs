//! What renders a page: nothing is shown before its data is there.

use leptos::prelude::*;
use vestibule_core::AuthError;
use vestibule_core::model::Principal;
use vestibule_web::retry_after_seconds;

use super::request::{self, Visit};
use crate::errors::ErrorPage;

/// The pages with something for scripts to do: fields to check, to reveal, to rate or to send
/// (names may be anything), and times to show in the visitor's own zone.
const PAGES_FOR_ISLANDS: &[&str] = &[
    "/login",
    "/register",
    "/forgot-password",
    "/reset-password",
    "/verify-email",
    "/account/password",
    "/account/email",
    "/account/sessions",
    "/account/activity",
    "/account/confirm",
    "/account/delete",
    "/restore-account",
];

/// Whether scripts come with the page that is asked for.
pub fn has_islands() -> bool {
    request::path().is_some_and(|path| PAGES_FOR_ISLANDS.contains(&path.as_str()))
        || request::has_wait()
}

/// Renders a page once its data is there. What fails on the
/// way becomes the error page with its status.
pub fn page<Render, Page>(render: Render) -> AnyView
where
    Render: FnOnce(Visit) -> Page,
    Page: Future<Output = Result<AnyView, AuthError>> + Send + 'static,
{
    let Ok(visit) = Visit::current() else {
        return ().into_any();
    };
    if visit.has_kept_cookies() {
        return visit.leave(&visit.address_without_check());
    }
    visit.keep_opener_of_flow();
    let page = render(visit.clone());
    Suspend::new(async move {
        match page.await {
            Ok(view) => view,
            Err(error) => fail(&visit, error),
        }
    })
    .into_any()
}

/// The same for pages of the account: a visitor who is not signed in
/// is sent to the sign-in page, and back afterwards.
pub fn account_page<Render, Page>(render: Render) -> AnyView
where
    Render: FnOnce(Visit, Principal) -> Page + Send + 'static,
    Page: Future<Output = Result<AnyView, AuthError>> + Send + 'static,
{
    page(|visit| async move {
        match visit.principal().await? {
            Some(who) => render(visit, who).await,
            None => Ok(visit.ask_to_sign_in()),
        }
    })
}

/// The error page, with the status of the error.
fn fail(visit: &Visit, error: AuthError) -> AnyView {
    let retry_after = error.retry_after().map(retry_after_seconds);
    let code = visit.refuse(error);
    let (product_name, request_id) = (visit.product_name(), visit.request_id());
    let can_copy = has_islands();
    view! { <ErrorPage product_name code retry_after request_id can_copy/> }.into_any()
}
