//! What pages and API share: who is signed in, cookies, where
//! a request comes from, and how codes become statuses.

mod bearer;
mod branding;
mod browser_session;
mod client;
mod cookies;
mod flows;
mod language;
mod outcome;
mod problem;
mod sealed_cookies;
mod sent_form;

pub use bearer::Bearer;
pub use branding::Branding;
pub use browser_session::{begin_browser_session, end_browser_session, signed_in_browser};
pub use client::{ClientAddress, ForwardedHeader, Meta, RequestId, TrustedProxies, request_meta};
pub use cookies::{browser_sessions, cookie, cookies};
pub use flows::{BegunFlow, begin_flow, keep_flow, open_flow, remove_flow};
pub use language::{DefaultLanguage, LANGUAGE_COOKIE, page_language, requested_language};
pub use outcome::RequestOutcome;
pub use problem::{Problem, retry_after_seconds, status};
pub use sealed_cookies::SealedCookies;
pub use sent_form::SentForm;

use std::sync::Arc;

use axum::extract::FromRef;
use vestibule_core::Auth;

/// What every page and API handler can reach.
#[derive(Clone)]
pub struct WebState {
    pub auth: Arc<Auth>,
    pub cookies: SealedCookies,
    /// What the deployment calls itself on pages and in mails.
    pub product_name: Arc<str>,
    /// What it looks like.
    pub branding: Arc<Branding>,
}

impl FromRef<WebState> for Arc<Auth> {
    fn from_ref(state: &WebState) -> Self {
        Self::clone(&state.auth)
    }
}
