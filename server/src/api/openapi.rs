//! The OpenAPI document and its UI, both from our own origin.

use axum::Router;
use axum::routing::get;
use http::header;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{InfoBuilder, OpenApi, OpenApiBuilder};
use utoipa_swagger_ui::{Config, SwaggerUi};
use vestibule_web::WebState;

const PREFIX: &str = "/api/v1/auth";
const DOCUMENT_PATH: &str = "/api/v1/openapi.json";

/// The whole document.
pub fn document() -> OpenApi {
    complete(&super::endpoints().split_for_parts().1)
}

/// Serves the document and the UI.
pub(super) fn router(paths: &OpenApi) -> Router<WebState> {
    let json = serde_json::to_string(&complete(paths)).unwrap_or_default();
    let serve = move || {
        let json = json.clone();
        async move { ([(header::CONTENT_TYPE, "application/json")], json) }
    };
    let ui = SwaggerUi::new("/api/docs").config(Config::from(DOCUMENT_PATH));
    Router::new().route(DOCUMENT_PATH, get(serve)).merge(ui)
}

fn complete(paths: &OpenApi) -> OpenApi {
    let info = InfoBuilder::new()
        .title("Vestibule")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("Accounts, sessions and tokens. Errors are RFC 9457 problem documents with closed codes."));
    let mut document = OpenApiBuilder::new()
        .info(info)
        .build()
        .nest(PREFIX, paths.clone());
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .build();
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    document
}
