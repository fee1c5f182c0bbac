//! The JSON API under `/api/v1`: handlers build a command, call the core and map the answer.

mod account;
mod bodies;
mod email;
mod events;
mod extract;
mod openapi;
mod password;
mod session;
mod well_known;

use axum::Router;
use axum::routing::any;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vestibule_core::ErrorCode;
use vestibule_web::{Problem, WebState};

use crate::oauth;

pub use openapi::document;

/// Every endpoint with its document. The one place where the routes of programs are declared.
fn endpoints() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .nest("/api/v1/auth", auth_endpoints())
        .routes(routes!(well_known::jwks))
        .routes(routes!(well_known::change_password))
}

/// The same with those of signing in to apps, which are served apart.
fn documented() -> OpenApiRouter<WebState> {
    endpoints().merge(oauth::endpoints())
}

fn auth_endpoints() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(account::register))
        .routes(routes!(session::login))
        .routes(routes!(session::refresh))
        .routes(routes!(session::logout))
        .routes(routes!(session::logout_all))
        .routes(routes!(account::me, account::update_me, account::delete_me))
        .routes(routes!(password::forgot))
        .routes(routes!(password::reset))
        .routes(routes!(password::change))
        .routes(routes!(password::policy))
        .routes(routes!(email::verify))
        .routes(routes!(email::resend))
        .routes(routes!(email::change))
        .routes(routes!(session::list))
        .routes(routes!(session::revoke))
        .routes(routes!(events::list))
}

/// The API, its document and its UI, and the documents at well-known places.
pub fn router() -> Router<WebState> {
    let (endpoints, _) = endpoints().split_for_parts();
    let (_, paths) = documented().split_for_parts();
    endpoints
        .merge(openapi::router(paths))
        // Paths for programs that nobody serves get a problem document, not a page.
        .route("/api/{*path}", any(not_found))
        .route("/.well-known/{*path}", any(not_found))
}

async fn not_found() -> Problem {
    ErrorCode::NotFound.into()
}
