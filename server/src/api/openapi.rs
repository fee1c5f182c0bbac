//! The OpenAPI document and its UI, both from the portal's own origin.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::Bytes;
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::get;
use http::{HeaderMap, HeaderValue, header};
use serde_json::Value;
use tower_http::compression::CompressionLayer;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::tag::{Tag, TagBuilder};
use utoipa::openapi::{
    Content, Header, InfoBuilder, LicenseBuilder, Object, OpenApi, Ref, RefOr,
    Response as ApiResponse, ResponseBuilder, Schema, ServerBuilder, Type,
};
use utoipa_swagger_ui::{Config, SwaggerUi};
use vestibule_core::model::{SessionKind, SignInMethod};
use vestibule_core::{
    AuditEvent, ErrorCode, Field, FieldCode, OAuthErrorCode, SecurityEventFilter,
};
use vestibule_web::WebState;

use crate::http::assets::StaticFile;
use crate::oauth;

const DOCUMENT_PATH: &str = "/api/v1/openapi.json";

/// The whole document.
pub fn document() -> OpenApi {
    complete(super::documented().split_for_parts().1)
}

/// Serves the document and the UI.
pub(super) fn router(paths: OpenApi) -> Router<WebState> {
    let json: Bytes = serde_json::to_string(&complete(paths))
        .unwrap_or_default()
        .into();
    let file = StaticFile::new("application/json", json);
    // It may be kept, and is asked about each time.
    let serve = async move |headers: HeaderMap| file.answer(&headers, "no-cache");
    let ui = Router::from(SwaggerUi::new("/api/docs").config(Config::from(DOCUMENT_PATH)));
    Router::new()
        .route(DOCUMENT_PATH, get(serve).layer(CompressionLayer::new()))
        .merge(ui.layer(map_response(allow_ui)))
}

/// The UI's own script adds one inline stylesheet, which this hash allows and nothing else does.
async fn allow_ui(mut response: Response) -> Response {
    const POLICY: HeaderValue = HeaderValue::from_static(
        "default-src 'none'; script-src 'self'; \
         style-src 'self' 'sha256-RL3ie0nH+Lzz2YNqQN83mnU0J1ot4QL7b99vMdIX99w='; img-src 'self' data:; \
         connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    response
        .headers_mut()
        .insert(header::CONTENT_SECURITY_POLICY, POLICY);
    response
}

fn complete(mut document: OpenApi) -> OpenApi {
    let license = LicenseBuilder::new()
        .name("MIT OR Apache-2.0")
        .identifier(Some("MIT OR Apache-2.0"));
    document.info = InfoBuilder::new()
        .title("Vestibule")
        .version(env!("CARGO_PKG_VERSION"))
        .license(Some(license.build()))
        .description(Some(
            "Accounts, sessions and tokens. Errors are RFC 9457 problem documents with closed codes. A field that is not \
             described is ignored in a request, and may come in an answer.",
        ))
        .build();
    let here = ServerBuilder::new()
        .url("/")
        .description(Some("The deployment that this document comes from"));
    document.servers = Some(vec![here.build()]);
    document.tags = Some(tags());
    add_common_responses(&mut document);
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some(
            "The `access_token` of a sign-in, a registration or a refresh.",
        ))
        .build();
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    let of_app = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("The `access_token` that an app got for a code."))
        .build();
    components.add_security_scheme("app", SecurityScheme::Http(of_app));
    add_closed_sets(&mut document);
    document
}

fn tags() -> Vec<Tag> {
    let tags = [
        (
            "account",
            "The account: making, reading, changing and deleting it, and its history",
        ),
        (
            "session",
            "Signing in and out, refreshing, and the list of sessions",
        ),
        (
            "password",
            "Forgotten and changed passwords, and the rules for new ones",
        ),
        ("email", "Proving and changing the address"),
        ("keys", "What other services verify access tokens with"),
        (
            "apps",
            "Signing in to apps (OpenID Connect); errors are those of RFC 6749, as JSON",
        ),
    ];
    let tag = |(name, text)| TagBuilder::new().name(name).description(Some(text)).build();
    tags.map(tag).to_vec()
}

/// The sets of texts that are closed, from where they are.
fn add_closed_sets(document: &mut OpenApi) {
    fn codes<T: Copy>(all: &[T], text: fn(T) -> &'static str) -> Vec<Value> {
        all.iter().map(|code| text(*code).into()).collect()
    }
    let sets = [
        ("Problem", "code", codes(ErrorCode::ALL, ErrorCode::as_str)),
        ("FieldError", "field", codes(Field::ALL, Field::as_str)),
        (
            "FieldError",
            "code",
            codes(FieldCode::ALL, FieldCode::as_str),
        ),
        (
            "SessionBody",
            "kind",
            codes(SessionKind::ALL, SessionKind::as_str),
        ),
        (
            "SessionBody",
            "method",
            codes(SignInMethod::ALL, SignInMethod::as_str),
        ),
        ("EventBody", "event_type", events()),
        (
            "OAuthError",
            "error",
            codes(OAuthErrorCode::ALL, OAuthErrorCode::as_str),
        ),
    ];
    let schemas = &mut document.components.get_or_insert_default().schemas;
    for (schema, property, values) in sets {
        if let Some(RefOr::T(Schema::Object(object))) = schemas.get_mut(schema)
            && let Some(RefOr::T(Schema::Object(text))) = object.properties.get_mut(property)
        {
            text.enum_values = Some(values);
        }
    }
    let lists = document.paths.paths.values_mut();
    let parameters = lists.filter_map(|item| item.get.as_mut()?.parameters.as_mut());
    for parameter in parameters.flatten() {
        if let RefOr::T(parameter) = parameter
            && parameter.name == "filter"
            && let Some(RefOr::T(Schema::Object(text))) = &mut parameter.schema
        {
            text.schema_type = Type::String.into();
            text.enum_values = Some(codes(SecurityEventFilter::ALL, SecurityEventFilter::as_str));
        }
    }
}

/// Those that a history can have.
fn events() -> Vec<Value> {
    let shown = AuditEvent::ALL.iter().copied();
    let shown = shown.filter(|event| SecurityEventFilter::All.shows(*event));
    shown.map(|event| event.as_str().into()).collect()
}

/// What any endpoint may answer that says nothing else of the status: 408, 421, 429, 500 and 503,
/// with a token 401, and with a body 400, 413 and 415.
fn add_common_responses(document: &mut OpenApi) {
    for (path, item) in &mut document.paths.paths {
        let operations = [
            &mut item.get,
            &mut item.post,
            &mut item.patch,
            &mut item.delete,
        ];
        for operation in operations.into_iter().flatten() {
            // An endpoint that needs no token says so.
            let needs_token = !operation.security.get_or_insert_default().is_empty();
            if oauth::is_for_clients(path) {
                add_oauth_errors(operation);
                continue;
            }
            if !path.starts_with("/api/") {
                continue;
            }
            let has_body = operation.request_body.is_some();
            let responses = &mut operation.responses.responses;
            if needs_token {
                add_problem(responses, OF_API, 401, "`unauthenticated`, `token_expired`");
            }
            if has_body {
                add_problem(
                    responses,
                    OF_API,
                    400,
                    "`malformed_body`, `validation_failed`",
                );
                add_problem(responses, OF_API, 413, "`body_too_large`");
                add_problem(responses, OF_API, 415, "`unsupported_media_type`");
            }
            for (status, codes) in PROBLEMS_OF_ALL {
                add_problem(responses, OF_API, status, codes);
            }
            for (status, response) in responses {
                if let RefOr::T(response) = response {
                    add_headers(status, response);
                }
            }
        }
    }
}

/// What any endpoint of the protocol may answer that says nothing else of the status.
fn add_oauth_errors(operation: &mut Operation) {
    let responses = &mut operation.responses.responses;
    if operation.request_body.is_some() {
        for status in [400, 413, 415] {
            add_problem(responses, OF_OAUTH, status, "`invalid_request`");
        }
    }
    for (status, code) in OAUTH_ERRORS_OF_ALL {
        add_problem(responses, OF_OAUTH, status, code);
    }
    for (status, response) in responses {
        if let RefOr::T(response) = response {
            add_headers(status, response);
        }
    }
}

const OAUTH_ERRORS_OF_ALL: [(u16, &str); 5] = [
    (408, "`temporarily_unavailable`: it took longer than 30 s"),
    (
        421,
        "`invalid_request`: the host is not one of this deployment's",
    ),
    (
        429,
        "`temporarily_unavailable`: come back after `Retry-After`",
    ),
    (500, "`server_error`"),
    (
        503,
        "`temporarily_unavailable`: come back after `Retry-After`",
    ),
];

/// What any endpoint may answer.
const PROBLEMS_OF_ALL: [(u16, &str); 5] = [
    (
        408,
        "`request_timeout`: its body or its answer took longer than 30 s; the connection is closed",
    ),
    (
        421,
        "`misdirected_request`: the host is not one of this deployment's",
    ),
    (429, "`rate_limited`: come back after `Retry-After`"),
    (500, "`internal`"),
    (
        503,
        "`overloaded`, `unavailable`: come back after `Retry-After`",
    ),
];

/// The schema of an error and its media type: of the API, and of RFC 6749.
type Form = (&'static str, &'static str);
const OF_API: Form = ("Problem", "application/problem+json");
const OF_OAUTH: Form = ("OAuthError", "application/json");

fn add_problem(
    responses: &mut BTreeMap<String, RefOr<ApiResponse>>,
    (schema, media_type): Form,
    status: u16,
    codes: &str,
) {
    let content = Content::new(Some(Ref::from_schema_name(schema)));
    let response = ResponseBuilder::new()
        .description(codes)
        .content(media_type, content)
        .build();
    responses
        .entry(status.to_string())
        .or_insert(RefOr::T(response));
}

fn add_headers(status: &str, response: &mut ApiResponse) {
    let mut add = |name: &str, kind: Type, text: &str| {
        let mut header = Header::new(Object::with_type(kind));
        header.description = Some(text.to_owned());
        response.headers.insert(name.to_owned(), RefOr::T(header));
    };
    let id = "The request, as the log of the portal has it";
    add("X-Request-Id", Type::String, id);
    match status {
        "401" => add(
            "WWW-Authenticate",
            Type::String,
            "The scheme, `Bearer` (RFC 6750)",
        ),
        "429" | "503" => add(
            "Retry-After",
            Type::Integer,
            "Seconds until it is worth another try",
        ),
        _ => {}
    }
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
