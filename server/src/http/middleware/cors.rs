use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderName, HeaderValue, Method, header};
use tower::{Layer as _, ServiceExt as _};
use tower_http::cors::{AllowHeaders, AllowOrigin, Any, CorsLayer};

use crate::oauth;

/// Which scripts may read answers, without cookies, which no endpoint for programs reads.
#[derive(Clone)]
pub struct Cors {
    /// Those of the origins that the settings name.
    of_api: CorsLayer,
    /// Those of any origin, at the endpoints of the protocol: who has a token or a code may use it.
    of_clients: CorsLayer,
}

impl Cors {
    /// # Errors
    /// For an origin that is no header.
    pub fn new(origins: &[String]) -> Result<Self, header::InvalidHeaderValue> {
        let origins: Vec<HeaderValue> = origins
            .iter()
            .map(|origin| origin.parse())
            .collect::<Result<_, _>>()?;
        let layer = || {
            CorsLayer::new()
                // Those of tracing and of common clients too; none
                // of them makes a request one of another user.
                .allow_headers(AllowHeaders::mirror_request())
                .max_age(Duration::from_mins(10))
        };
        let readable = [header::RETRY_AFTER, HeaderName::from_static("x-request-id")];
        let of_api = layer()
            .allow_origin(AllowOrigin::list(origins))
            .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::DELETE])
            .expose_headers(readable.clone());
        let of_clients = layer()
            .allow_origin(Any)
            .allow_methods([Method::GET, Method::POST])
            .expose_headers(
                readable
                    .into_iter()
                    .chain([header::WWW_AUTHENTICATE])
                    .collect::<Vec<_>>(),
            );
        Ok(Self { of_api, of_clients })
    }
}

/// Lets scripts of other origins read what they may. Around all that refuses, so that they can read
/// why.
pub async fn share_answers(State(cors): State<Cors>, request: Request, next: Next) -> Response {
    if !oauth::is_for_clients(request.uri().path()) {
        let answered = cors.of_api.layer(next).oneshot(request).await;
        return answered.into_response();
    }
    let answered = cors.of_clients.layer(next).oneshot(request).await;
    let mut response = answered.into_response();
    let headers = response.headers_mut();
    let policy = HeaderValue::from_static("cross-origin");
    headers.insert("cross-origin-resource-policy", policy);
    response
}
