//! The OpenAPI document and its UI, both from our own origin.

use axum::Router;
use axum::routing::get;
use http::header;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{InfoBuilder, OpenApi};
use utoipa_swagger_ui::{Config, SwaggerUi};
use vestibule_web::WebState;

const DOCUMENT_PATH: &str = "/api/v1/openapi.json";

/// The whole document.
pub fn document() -> OpenApi {
    complete(super::endpoints().split_for_parts().1)
}

/// Serves the document and the UI.
pub(super) fn router(paths: OpenApi) -> Router<WebState> {
    let json = serde_json::to_string(&complete(paths)).unwrap_or_default();
    let serve = move || {
        let json = json.clone();
        async move { ([(header::CONTENT_TYPE, "application/json")], json) }
    };
    let ui = SwaggerUi::new("/api/docs").config(Config::from(DOCUMENT_PATH));
    Router::new().route(DOCUMENT_PATH, get(serve)).merge(ui)
}

fn complete(mut document: OpenApi) -> OpenApi {
    document.info = InfoBuilder::new()
        .title("Vestibule")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Accounts, sessions and tokens. Errors are RFC 9457 problem documents with closed codes.",
        ))
        .build();
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .build();
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    document
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_openapi_document_is_current() {
        let document = include_str!("../../../docs/openapi.json");
        let generated = super::document().to_pretty_json().unwrap();
        let is_current = document.trim_end() == generated.trim_end();
        assert!(is_current, "run `vestibule openapi > docs/openapi.json`");
    }
}
