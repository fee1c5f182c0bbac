//! The download of all data about a user. It is a file, not a page, so it is answered here and not by the pages.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use http::header;
use tower_sessions::Session;
use vestibule_core::AuthError;
use vestibule_web::{Meta, Problem, WebState, signed_in_browser};

/// The page with the button.
const PAGE: &str = "/account/activity";
const FILE: &str = "attachment; filename=\"account-data.json\"";

/// Sends the visitor's data as a JSON file. Who is not signed in, or was not asked for the password for a while, is asked
/// first and comes back to the page.
pub async fn download(
    State(state): State<WebState>,
    session: Session,
    Meta(meta): Meta,
) -> Response {
    let data = async {
        let who = signed_in_browser(&state.auth, &session).await?;
        let who = who.ok_or(AuthError::Unauthenticated)?;
        state.auth.export_data(&who, &meta).await
    };
    match data.await {
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

fn ask_at(page: &str) -> Response {
    Redirect::to(&format!("{page}?return_to={PAGE}")).into_response()
}
