use std::sync::Arc;

use axum::extract::{Request, State};
use http::header;

/// Lets requests of allowed origins with a scheme of their own (`capacitor://localhost`) through:
/// the protection against other sites compares only http and https origins. Without these headers a
/// request is one that no site has made.
pub async fn admit_app_origins(
    State(origins): State<Arc<[String]>>,
    mut request: Request,
) -> Request {
    let mut sent = request.headers().get_all(header::ORIGIN).iter();
    let is_allowed = match (sent.next(), sent.next()) {
        (Some(origin), None) => origins.iter().any(|allowed| origin == allowed.as_str()),
        _ => false,
    };
    if is_allowed {
        request.headers_mut().remove(header::ORIGIN);
        request.headers_mut().remove("sec-fetch-site");
    }
    request
}
