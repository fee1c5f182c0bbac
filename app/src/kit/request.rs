//! The one door to the request and its answer. Nothing else touches `Parts`, `ResponseOptions` or
//! cookies, so a new version of the framework meets a single module. How outcomes get from a form
//! to the next page is in its `showing.rs`, what mailed links are on their way in `mailed_link.rs`.

mod flow;
mod mailed_link;
mod showing;

pub use mailed_link::link_page;
pub use showing::other_account;

use std::sync::Arc;

use axum::extract::{OriginalUri, Query};
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use uuid::Uuid;
use vestibule_core::model::{Language, Principal};
use vestibule_core::{
    Auth, AuthError, ErrorCode, KnownBrowserProof, Lifetimes, RequestMeta, SignedIn,
};
use vestibule_i18n::Texts;
use vestibule_web::{
    Branding, LANGUAGE_COOKIE, Problem, RequestId, RequestOutcome, SentForm, WebState,
    begin_browser_session, end_browser_session, page_language, request_meta, retry_after_seconds,
    signed_in_browser, status,
};

use super::form::Flash;
use super::messages::FieldErrors;
use super::return_to::{ReturnTo, with_query};

/// The name of the handle of a mailed link in an address.
const LINK: &str = "link";
/// Has the next page look whether the browser has kept what the answer to a form gave it.
const COOKIE_CHECK: &str = "cookies";
const CHECK: &str = "check";
/// Browsers keep no cookie for longer.
const LONGEST_COOKIE_LIFE: time::Duration = time::Duration::days(400);
/// The cookie that makes it a known browser: the accounts that it has signed in to, the last one
/// first.
const KNOWN_BROWSER: &str = "known_device";
const MAX_KNOWN_ACCOUNTS: usize = 10;

/// One request of a visitor: what came with it, and what goes back.
#[derive(Clone)]
pub struct Visit {
    state: WebState,
    parts: Arc<Parts>,
    response: ResponseOptions,
    texts: Texts,
}

/// Gives a request everything that its page or form looks for. All of it each time: what a request
/// does not bring, the framework looks for in its parents, and one may be the page of another
/// visitor that the thread is rendering.
pub fn provide_request(state: WebState) {
    if let Some(parts) = use_context::<Parts>() {
        provide_context(Texts::of(page_language(&parts.headers, &parts.extensions)));
        // Some requests are rendered as another page.
        let asked = parts.extensions.get::<OriginalUri>();
        let asked = asked.map_or(&parts.uri, |asked| &asked.0);
        provide_context(ReturnTo::to_page(asked));
        provide_context(PageForms {
            outcome: RequestOutcome::of(&parts),
            link: query_value(&parts.uri, LINK),
            auth: Some(Arc::clone(&state.auth)),
        });
    }
    provide_context(Arc::clone(&state.branding));
    provide_context(state);
}

/// What the forms of a page carry without being asked.
#[derive(Clone, Default)]
pub struct PageForms {
    /// Knows who is signed in, as soon as the page has asked.
    outcome: RequestOutcome,
    link: Option<String>,
    /// None where a document is made without a request:
    /// nothing that is sent from it is worth remembering.
    auth: Option<Arc<Auth>>,
}

impl PageForms {
    /// Those of the page that is being rendered.
    pub fn current() -> Self {
        use_context().unwrap_or_default()
    }

    /// The hidden fields of one more form.
    pub fn hidden(&self) -> SentForm {
        SentForm {
            account: self.account(),
            link: self.link.clone(),
            nonce: self.auth.as_ref().map(|auth| auth.form_nonce()),
        }
    }

    /// The account that the page is made for.
    pub fn account(&self) -> Option<Uuid> {
        self.outcome.user_id()
    }
}

/// The path of the request.
pub fn path() -> Option<String> {
    use_context::<Parts>().map(|parts| parts.uri.path().to_owned())
}

/// Where the visitor is, for what comes back to the same page.
pub fn here() -> ReturnTo {
    use_context().unwrap_or_default()
}

/// The words of the page, in the visitor's language.
pub fn texts() -> Texts {
    use_context().unwrap_or_default()
}

/// The same for the whole of a page, whose answer says what the language is and what it depends on.
pub fn announce_texts() -> Texts {
    let texts = texts();
    if let Some(response) = use_context::<ResponseOptions>() {
        let language = HeaderValue::from_static(texts.lang());
        response.insert_header(header::CONTENT_LANGUAGE, language);
        let vary = HeaderValue::from_static("accept-language, cookie");
        response.append_header(header::VARY, vary);
    }
    texts
}

/// Whether the page is going to say how long to wait, which scripts count down.
pub fn has_wait() -> bool {
    let flash = Visit::current()
        .ok()
        .and_then(|visit| visit.waiting_flash());
    flash.is_some_and(|flash| flash.retry_after.is_some())
}

/// How the deployment looks.
pub fn branding() -> Arc<Branding> {
    use_context().unwrap_or_default()
}

/// How long sessions, links and codes live, in words of this language where they are said.
pub fn lifetimes() -> Lifetimes {
    let state: Option<WebState> = use_context();
    state.map_or_else(Default::default, |state| state.auth.settings().lifetimes)
}

impl Visit {
    /// The request that is being answered. There is none when the application runs at start-up, to
    /// list its routes.
    pub fn current() -> Result<Self, ServerFnError> {
        let no_request = || ServerFnError::new("there is no request");
        let state = use_context().ok_or_else(no_request)?;
        let parts = use_context().ok_or_else(no_request)?;
        let response = use_context().ok_or_else(no_request)?;
        Ok(Self {
            state,
            parts: Arc::new(parts),
            response,
            texts: texts(),
        })
    }

    pub fn auth(&self) -> &Auth {
        &self.state.auth
    }

    pub fn product_name(&self) -> &str {
        &self.state.product_name
    }

    /// The words in the visitor's language.
    pub fn texts(&self) -> Texts {
        self.texts
    }

    /// The shortest new password that the rules allow.
    pub fn min_password_length(&self) -> usize {
        self.auth().settings().passwords.min_length
    }

    /// What is wrong with the fields of a form, in words.
    pub fn field_errors(&self, flash: &Flash) -> FieldErrors {
        FieldErrors::new(self.texts, flash, self.min_password_length())
    }

    /// Where the request comes from, for the core.
    pub fn meta(&self) -> RequestMeta {
        request_meta(&self.parts, self.texts.language())
    }

    /// A value of the query string.
    pub fn query(&self, name: &str) -> Option<String> {
        query_value(&self.parts.uri, name)
    }

    /// What the form carries beside its own fields.
    pub fn sent(&self) -> SentForm {
        SentForm::of(&self.parts)
    }

    /// Where the visitor wants to go on to.
    pub fn return_to(&self) -> ReturnTo {
        ReturnTo::parse(&self.query("return_to").unwrap_or_default())
    }

    // Who is signed in

    /// Who is signed in.
    pub async fn principal(&self) -> Result<Option<Principal>, AuthError> {
        let principal = signed_in_browser(self.auth(), self.cookie()?).await?;
        if let Some(principal) = &principal {
            RequestOutcome::of(&self.parts).is_by(principal.user.id);
        }
        Ok(principal)
    }

    /// Signs the browser in with a session that the core has issued.
    pub async fn begin_session(&self, signed_in: &SignedIn) -> Result<(), AuthError> {
        begin_browser_session(self.auth(), self.cookie()?, signed_in, &self.meta()).await?;
        if let Some(known) = &signed_in.known_browser_proof {
            self.remember(known.clone());
        }
        Ok(())
    }

    /// Has the browser forget what pages stored (ASVS 14.3.1). Not its cookies: that would reach
    /// sibling hosts, and the session's own is removed by name.
    pub fn clear_site_data(&self) {
        let name = http::HeaderName::from_static("clear-site-data");
        let value = HeaderValue::from_static("\"storage\"");
        self.response.insert_header(name, value);
    }

    /// Takes the browser's session away.
    pub async fn end_session(&self) -> Result<(), AuthError> {
        RequestOutcome::of(&self.parts).ends_session();
        end_browser_session(self.cookie()?).await
    }

    fn cookie(&self) -> Result<&tower_sessions::Session, AuthError> {
        let session = self.parts.extensions.get::<tower_sessions::Session>();
        session.ok_or_else(|| AuthError::internal("the session layer is missing"))
    }

    /// The accounts that this browser has signed in to before.
    pub fn known_browser_proofs(&self) -> Vec<KnownBrowserProof> {
        let known = self.state.cookies.open(KNOWN_BROWSER, &self.parts.headers);
        known.unwrap_or_default()
    }

    /// Remembers that the account's owner uses this browser.
    pub fn remember(&self, account: KnownBrowserProof) {
        let known = with_account(self.known_browser_proofs(), account);
        let cookies = &self.state.cookies;
        self.set_cookie(cookies.seal(KNOWN_BROWSER, &known, LONGEST_COOKIE_LIFE));
    }

    /// Keeps the visitor's choice of a language. It is no secret, and one of the portal's codes.
    pub fn keep_language(&self, language: Language) {
        let cookies = &self.state.cookies;
        self.set_cookie(cookies.plain(LANGUAGE_COOKIE, language.as_str(), LONGEST_COOKIE_LIFE));
    }

    // The answer

    /// Sends the visitor on. 303, so that the browser gets the
    /// page with GET whatever the request was (RFC 9110, 15.4.4).
    pub fn redirect(&self, to: &str) {
        self.keep_opener_on_way_to(to);
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

    /// Sends a visitor who is not signed in to the sign-in page, and back afterwards.
    pub fn ask_to_sign_in(&self) -> AnyView {
        let page = ReturnTo::parse(&self.address_without_check());
        let sign_in = page.link("/login");
        self.leave(&if self.lost_its_cookies() {
            with_query(&sign_in, COOKIE_CHECK, CHECK)
        } else {
            sign_in
        })
    }

    /// What operators find the request by in the log.
    pub fn request_id(&self) -> Option<String> {
        let id = self.parts.extensions.get::<RequestId>();
        id.map(|id| id.0.clone())
    }

    /// Logs an error that changes nothing in the answer.
    pub fn log(error: AuthError) {
        drop(Problem::from(error));
    }

    /// Gives the answer the status of the error, and its waiting time.
    pub fn refuse(&self, error: AuthError) -> ErrorCode {
        if let Some(wait) = error.retry_after() {
            self.response.insert_header(
                header::RETRY_AFTER,
                HeaderValue::from(retry_after_seconds(wait).max(1)),
            );
        }
        let code = Problem::from(error).code();
        self.answer_with(code);
        code
    }

    /// Notes that a form was refused, whose answer is a redirect all the same.
    pub fn refused(&self, code: ErrorCode) {
        RequestOutcome::of(&self.parts).is_refused(code);
    }

    /// Gives the answer the status of a code.
    pub fn answer_with(&self, code: ErrorCode) {
        RequestOutcome::of(&self.parts).is_refused(code);
        self.response.set_status(status(code));
    }

    fn set_cookie(&self, cookie: Option<HeaderValue>) {
        if let Some(cookie) = cookie {
            self.response.append_header(header::SET_COOKIE, cookie);
        }
    }
}

fn query_value(uri: &http::Uri, name: &str) -> Option<String> {
    let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(uri).ok()?;
    pairs
        .into_iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value)
}

/// A field that was left empty or is not on the page gives nothing.
pub fn given(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

/// The list with the account in front, and not for ever longer.
fn with_account(
    mut known: Vec<KnownBrowserProof>,
    account: KnownBrowserProof,
) -> Vec<KnownBrowserProof> {
    known.retain(|other| other.user_id != account.user_id);
    known.insert(0, account);
    known.truncate(MAX_KNOWN_ACCOUNTS);
    known
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn account(number: u128, proof: &str) -> KnownBrowserProof {
        let user_id = Uuid::from_u128(number);
        serde_json::from_value(serde_json::json!({ "user_id": user_id, "proof": proof })).unwrap()
    }

    #[test]
    fn the_accounts_of_a_browser_are_remembered_last_first() {
        let accounts = |numbers: &[u128]| -> Vec<KnownBrowserProof> {
            numbers
                .iter()
                .map(|number| account(*number, "old"))
                .collect()
        };
        let (one, three) = (account(1, "new"), account(3, "new"));
        assert_eq!(with_account(Vec::new(), one.clone()), [one]);
        let expected = [vec![three.clone()], accounts(&[1, 2])].concat();
        assert_eq!(with_account(accounts(&[1, 2, 3]), three), expected);
        let ten = accounts(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        let expected = accounts(&[11, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        assert_eq!(with_account(ten, account(11, "old")), expected);
    }
}
