//! The one door to the request and its answer. Nothing else touches `Parts`, `ResponseOptions` or cookies, so a new
//! version of the framework meets a single file.

use std::fmt;
use std::sync::Arc;

use axum::extract::Query;
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use vestibule_core::model::{Principal, Session};
use vestibule_core::{Auth, AuthError, ErrorCode, RequestMeta};
use vestibule_web::{
    Problem, RequestId, WebState, begin_browser_session, end_browser_session, request_meta,
    retry_after_seconds, signed_in_browser, status,
};

use crate::errors::ErrorPage;
use crate::flash::{Flash, Form, Notice};
use crate::messages::FieldErrors;
use crate::return_to::ReturnTo;

const FLASH: &str = "flash";
const FLASH_LIFE: time::Duration = time::Duration::minutes(5);
/// Browsers keep cookies of up to 4096 bytes, name and attributes included.
const MAX_COOKIE_BYTES: usize = 4000;
/// How long a mailed token waits in its cookie for the button to be pressed. The core decides whether it still works.
const LINK_LIFE: time::Duration = time::Duration::hours(1);
/// Mailed tokens are far shorter; what is longer is none, but still leads to the page that says so.
const MAX_TOKEN_CHARS: usize = 200;

/// One request of a visitor: what came with it, and what goes back.
#[derive(Clone)]
pub struct Visit {
    state: WebState,
    parts: Arc<Parts>,
    response: ResponseOptions,
}

/// The application runs once at start-up without a request, to list its routes.
#[derive(Debug)]
pub struct NoRequest;

impl fmt::Display for NoRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there is no request")
    }
}

impl std::error::Error for NoRequest {}

/// A mailed link whose token waits in a cookie, so that it does not stay in the address bar, history and logs.
#[derive(Clone, Copy)]
pub enum MailedLink {
    VerifyEmail,
    ResetPassword,
}

impl MailedLink {
    fn cookie(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_link",
            Self::ResetPassword => "reset_link",
        }
    }
}

/// The path of the request.
pub fn path() -> Option<String> {
    use_context::<Parts>().map(|parts| parts.uri.path().to_owned())
}

/// Renders a page once its data is there. What fails on the way becomes the error page with its status.
pub fn page<Render, Page>(render: Render) -> AnyView
where
    Render: FnOnce(Visit) -> Page,
    Page: Future<Output = Result<AnyView, AuthError>> + Send + 'static,
{
    let Ok(visit) = Visit::current() else {
        return ().into_any();
    };
    let page = render(visit.clone());
    Suspend::new(async move {
        match page.await {
            Ok(view) => view,
            Err(error) => visit.fail(error),
        }
    })
    .into_any()
}

impl Visit {
    /// The request that is being answered.
    pub fn current() -> Result<Self, NoRequest> {
        let state = use_context().ok_or(NoRequest)?;
        let parts = use_context().ok_or(NoRequest)?;
        let response = use_context().ok_or(NoRequest)?;
        Ok(Self {
            state,
            parts: Arc::new(parts),
            response,
        })
    }

    pub fn auth(&self) -> &Auth {
        &self.state.auth
    }

    pub fn product_name(&self) -> &str {
        &self.state.product_name
    }

    /// The shortest new password that the rules allow.
    pub fn min_password_length(&self) -> usize {
        self.auth().password_policy().min_length
    }

    /// What is wrong with the fields of a form, in words.
    pub fn field_errors(&self, flash: &Flash) -> FieldErrors {
        FieldErrors::new(flash, self.min_password_length())
    }

    /// Where the request comes from, for the core.
    pub fn meta(&self) -> RequestMeta {
        request_meta(&self.parts)
    }

    /// A value of the query string.
    pub fn query(&self, name: &str) -> Option<String> {
        let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(&self.parts.uri).ok()?;
        pairs
            .into_iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }

    /// Where the visitor wants to go on to.
    pub fn return_to(&self) -> ReturnTo {
        ReturnTo::parse(&self.query("return_to").unwrap_or_default())
    }

    // Who is signed in

    /// Who is signed in.
    pub async fn principal(&self) -> Result<Option<Principal>, AuthError> {
        signed_in_browser(self.auth(), self.cookie()?).await
    }

    /// Who is signed in, for forms that only make sense then.
    pub async fn signed_in(&self) -> Result<Principal, AuthError> {
        self.principal().await?.ok_or(AuthError::Unauthenticated)
    }

    /// Signs the browser in with a session that the core has issued.
    pub async fn begin_session(&self, session: &Session) -> Result<(), AuthError> {
        begin_browser_session(self.auth(), self.cookie()?, session, &self.meta()).await
    }

    /// Has the browser forget what pages stored (ASVS 14.3.1). Not its cookies: that would reach sibling hosts, and the
    /// session's own is removed by name.
    pub fn clear_site_data(&self) {
        let name = http::HeaderName::from_static("clear-site-data");
        let value = HeaderValue::from_static("\"storage\"");
        self.response.insert_header(name, value);
    }

    /// Takes the browser's session away.
    pub async fn end_session(&self) -> Result<(), AuthError> {
        end_browser_session(self.cookie()?).await
    }

    fn cookie(&self) -> Result<&tower_sessions::Session, AuthError> {
        let session = self.parts.extensions.get::<tower_sessions::Session>();
        session.ok_or_else(|| AuthError::Internal("the session layer is missing".into()))
    }

    // Mailed links

    /// Moves the token of a mailed link from the query into a cookie and reloads the page without it; `false` if the
    /// query holds no token. Nothing is used up: a mail scanner may follow the link as often as it likes.
    pub fn stow_token(&self, link: MailedLink) -> bool {
        let Some(token) = self.query("token") else {
            return false;
        };
        let token: String = token.chars().take(MAX_TOKEN_CHARS).collect();
        self.set_cookie(self.state.cookies.seal(link.cookie(), &token, LINK_LIFE));
        self.redirect(self.parts.uri.path());
        true
    }

    /// The token of the mailed link that this browser followed last.
    pub fn stowed_token(&self, link: MailedLink) -> Option<String> {
        self.state.cookies.open(link.cookie(), &self.parts.headers)
    }

    pub fn drop_token(&self, link: MailedLink) {
        if self.stowed_token(link).is_some() {
            self.set_cookie(self.state.cookies.remove(link.cookie()));
        }
    }

    // The answer

    /// Sends the visitor on. 303, so that the browser gets the page with GET whatever the request was (RFC 9110, 15.4.4).
    pub fn redirect(&self, to: &str) {
        if let Ok(location) = HeaderValue::from_str(to) {
            self.response.insert_header(header::LOCATION, location);
            self.response.set_status(StatusCode::SEE_OTHER);
        }
    }

    /// The same for a page that has nothing to show.
    pub fn leave(&self, to: &str) -> AnyView {
        self.redirect(to);
        ().into_any()
    }

    /// Sends the visitor to the page that shows the outcome.
    pub fn show(&self, flash: &Flash) {
        let page = flash.page().to_owned();
        self.show_at(&page, flash);
    }

    /// The same with a query beside the page's path.
    pub fn show_at(&self, to: &str, flash: &Flash) {
        let seal = |flash: &Flash| self.state.cookies.seal(FLASH, flash, FLASH_LIFE);
        let fits = |cookie: &HeaderValue| cookie.len() <= MAX_COOKIE_BYTES;
        let cookie = seal(flash)
            .filter(fits)
            .or_else(|| seal(&flash.clone().without_values()));
        self.set_cookie(cookie);
        self.redirect(to);
    }

    /// Shows how a form of the account pages ended: good news on `page`, or the refusal where the form is.
    pub fn show_outcome(
        &self,
        form: Form,
        result: Result<(), AuthError>,
        page: &str,
        notice: Notice,
    ) {
        match result {
            Ok(()) => self.show(&Flash::notice(page, notice)),
            // The session ended while the form was open.
            Err(AuthError::Unauthenticated) => {
                let sign_in = ReturnTo::parse(form.page()).link("/login");
                self.show_at(&sign_in, &Flash::notice("/login", Notice::SignInAgain));
            }
            Err(error) => self.show(&Flash::refused(form, error)),
        }
    }

    /// Sends a visitor who is not signed in to the sign-in page, and back afterwards.
    pub fn ask_to_sign_in(&self) -> AnyView {
        let here = self
            .parts
            .uri
            .path_and_query()
            .map_or("/account", http::uri::PathAndQuery::as_str);
        self.leave(&ReturnTo::parse(here).link("/login"))
    }

    /// What an earlier request has to tell on this page, once: the same answer removes it.
    pub fn take_flash(&self) -> Flash {
        let flash: Option<Flash> = self.state.cookies.open(FLASH, &self.parts.headers);
        let Some(flash) = flash.filter(|flash| flash.is_for(self.parts.uri.path())) else {
            return Flash::default();
        };
        self.set_cookie(self.state.cookies.remove(FLASH));
        flash
    }

    /// The error page, with the status of the error.
    pub fn fail(&self, error: AuthError) -> AnyView {
        if let Some(wait) = error.retry_after() {
            self.response.insert_header(
                header::RETRY_AFTER,
                HeaderValue::from(retry_after_seconds(wait).max(1)),
            );
        }
        let code = Problem::from(error).code();
        self.answer_with(code);
        let request_id = self
            .parts
            .extensions
            .get::<RequestId>()
            .map(|id| id.0.clone());
        view! { <ErrorPage product_name=self.product_name() code request_id/> }.into_any()
    }

    /// Gives the answer the status of a code.
    pub fn answer_with(&self, code: ErrorCode) {
        self.response.set_status(status(code));
    }

    fn set_cookie(&self, cookie: Option<HeaderValue>) {
        if let Some(cookie) = cookie {
            self.response.append_header(header::SET_COOKIE, cookie);
        }
    }
}
