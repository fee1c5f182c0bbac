//! The protocol's face of signing in to apps: endpoints for programs, which answer in the words of
//! RFC 6749, and the one that browsers come to.

mod authorize;
mod discovery;
mod error;
mod token;
mod userinfo;

use axum::Router;
use axum::routing::post;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use vestibule_web::WebState;

pub use authorize::{AuthorizeState, authorize, skip_looks_ahead};
pub use error::{is_for_clients, problem_answer};

/// Every endpoint for programs, with its document.
pub fn endpoints() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(token::token))
        .routes(routes!(userinfo::userinfo, userinfo::post_userinfo))
        .routes(routes!(discovery::jwks))
        .routes(routes!(discovery::openid_configuration))
        .routes(routes!(discovery::authorization_server))
}

/// All that other origins may ask: the endpoints for programs, and the forms of clients' pages.
pub fn router() -> Router<WebState> {
    let (endpoints, _) = endpoints().split_for_parts();
    endpoints.route("/oauth2/authorize", post(authorize::authorize_by_form))
}
