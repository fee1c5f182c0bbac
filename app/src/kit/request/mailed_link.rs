//! Mailed links: from the address in the mail to a page of their own and to the form on it.
//!
//! Nothing of it is kept in the browser, so links that are opened side by side do not meet.

use http::{HeaderValue, header};
use leptos::prelude::*;
use vestibule_core::model::Purpose;
use vestibule_core::{AuthError, ErrorCode};
use vestibule_i18n::t;
use vestibule_web::RequestOutcome;

use super::{LINK, Visit};
use crate::kit::frame::Layout;
use crate::kit::page::page;
use crate::kit::return_to::with_query;

/// Mailed tokens are far shorter; what is longer is none, but still leads to the page that says so.
const MAX_TOKEN_CHARS: usize = 200;

/// How long a page that was opened by a mailed link can be reloaded or sent.
/// The link in the mail opens it again.
const HANDLE_LIFE: time::Duration = time::Duration::hours(1);

/// The page of a mailed link. It gets the token of the link that it was opened by, if it was.
///
/// The address of the mail leads on to one with a handle in the place of the token. Nothing is used
/// up: a mail scanner may follow the link as often as it likes. A handle that has expired is the
/// link's own affair: the mail has another one.
pub fn link_page<Render, Page>(link: Purpose, render: Render) -> AnyView
where
    Render: FnOnce(Visit, Option<String>) -> Page + Send + 'static,
    Page: Future<Output = Result<AnyView, AuthError>> + Send + 'static,
{
    page(move |visit| async move {
        visit.send_no_referrer_path();
        if let Some(token) = visit.query("token") {
            return Ok(visit.move_token(link, &token));
        }
        let Some(handle) = visit.query(LINK) else {
            return render(visit, None).await;
        };
        match visit.token_of(link, &handle) {
            Some(token) => render(visit, Some(token)).await,
            None => Ok(expired(&visit)),
        }
    })
}

/// The page of a mailed link that was open for too long, or
/// whose address was cut short. The link itself may still work.
fn expired(visit: &Visit) -> AnyView {
    let texts = visit.texts();
    view! {
        <Layout product_name=visit.product_name() heading=t!(texts, "link-again-heading")>
            <p>{t!(texts, "link-again-text")}</p>
            <p class="footnote"><a href="/login">{t!(texts, "forgot-back")}</a></p>
        </Layout>
    }
    .into_any()
}

impl Visit {
    /// The token of the link that the form was sent with.
    pub fn needed_token(&self, link: Purpose) -> Result<String, AuthError> {
        let handle = self.sent().link;
        let token = handle.and_then(|handle| self.token_of(link, &handle));
        if token.is_none() {
            let who = RequestOutcome::of(&self.parts).user_id();
            self.auth()
                .defer_refusal(ErrorCode::InvalidToken, who, &self.meta());
        }
        token.ok_or(AuthError::InvalidToken)
    }

    /// A handle is good for the page of its link, and no other.
    fn token_of(&self, link: Purpose, handle: &str) -> Option<String> {
        self.state.cookies.open_text(link.page(), handle)
    }

    /// Sends the browser on to the address without the token.
    fn move_token(&self, link: Purpose, token: &str) -> AnyView {
        let token: String = token.chars().take(MAX_TOKEN_CHARS).collect();
        let path = self.parts.uri.path();
        let cookies = &self.state.cookies;
        let handle = cookies.seal_text(link.page(), &token, HANDLE_LIFE);
        self.leave(
            &handle.map_or_else(|| path.to_owned(), |handle| with_query(path, LINK, &handle)),
        )
    }

    /// Not to other pages of the portal either; the origin goes along, because browsers give forms
    /// the same, and none would be refused as another site.
    fn send_no_referrer_path(&self) {
        let policy = HeaderValue::from_static("strict-origin");
        self.response.insert_header(header::REFERRER_POLICY, policy);
    }
}
