use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use vestibule_core::Auth;
use vestibule_web::{Problem, RequestOutcome, page_language, request_meta};

use crate::http::site_files;

/// Puts every request that was refused into the audit log: by a handler, by a form that is shown
/// again, or before either was reached.
pub async fn audit_refusals(
    State(auth): State<Arc<Auth>>,
    mut request: Request,
    next: Next,
) -> Response {
    let route = request.extensions().get::<MatchedPath>();
    if route.is_some_and(|route| site_files::PATHS.contains(&route.as_str())) {
        return next.run(request).await;
    }
    let outcome = RequestOutcome::default();
    request.extensions_mut().insert(outcome.clone());
    let (parts, body) = request.into_parts();
    let meta = request_meta(&parts, page_language(&parts.headers, &parts.extensions));
    let response = next.run(Request::from_parts(parts, body)).await;
    let problem = response.extensions().get::<Problem>();
    if let Some(code) = outcome.refusal().or(problem.map(Problem::code)) {
        auth.audit_refusal(code, outcome.user_id(), &meta);
    }
    response
}
