//! The download of all data about a user. It is a file, not a page,
//! so it is answered here and not by the pages.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use http::header;
use http::request::Parts;
use tower_sessions::Session;
use vestibule_app::other_account;
use vestibule_core::model::Principal;
use vestibule_core::{AuthError, ErrorCode};
use vestibule_web::{Meta, Problem, RequestOutcome, SentForm, WebState, signed_in_browser};

use super::middleware::SentAgain;

/// The page with the button.
const PAGE: &str = "/account/activity";
const FILE: &str = "attachment; filename=\"account-data.json\"";

/// Sends the visitor's data as a JSON file, if the page was made for the account that is signed in.
/// A visitor who is not signed in, or was not asked for the password for a while,
/// is asked first and comes back to the page.
pub async fn download(
    State(state): State<WebState>,
    session: Session,
    Meta(meta): Meta,
    parts: Parts,
) -> Response {
    let who = match signed_in_browser(&state.auth, &session).await {
        Ok(Some(who)) => who,
        Ok(None) => return ask_at("/login"),
        Err(error) => return Problem::from(error).into_response(),
    };
    RequestOutcome::of(&parts).is_by(who.user.id);
    if SentForm::of(&parts).account != Some(who.user.id) {
        RequestOutcome::of(&parts).is_refused(ErrorCode::Forbidden);
        return refuse(&state, &who);
    }
    let data = if parts.extensions.get::<SentAgain>().is_some() {
        state.auth.export_data_again(&who, &meta).await
    } else {
        state.auth.export_data(&who, &meta).await
    };
    match data {
        Ok(data) => {
            let headers = [
                (header::CONTENT_TYPE, "application/json"),
                (header::CONTENT_DISPOSITION, FILE),
                (header::CACHE_CONTROL, "no-store"),
            ];
            (headers, format!("{data:#}\n")).into_response()
        }
        Err(AuthError::Unauthenticated) => ask_at("/login"),
        Err(AuthError::ReauthenticationRequired) => ask_at("/account/confirm"),
        Err(error) => Problem::from(error).into_response(),
    }
}

fn refuse(state: &WebState, who: &Principal) -> Response {
    let mut response = Redirect::to(PAGE).into_response();
    if let Some(cookie) = other_account(state, who, PAGE) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

fn ask_at(page: &str) -> Response {
    Redirect::to(&format!("{page}?return_to={PAGE}")).into_response()
}
