use std::any::Any;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse as _, Response};
use http::{HeaderMap, StatusCode, header};
use vestibule_app::ErrorDocument;
use vestibule_core::ErrorCode;
use vestibule_web::{Branding, Problem, RequestId, page_language, status};

use super::middleware::{LogLimit, is_below, is_cheap};
use crate::oauth;

/// What an error page needs to look like the other pages.
#[derive(Clone)]
pub struct ErrorPages {
    pub product_name: Arc<str>,
    pub branding: Arc<Branding>,
    /// The folder of the site's files below the origin.
    pub package_dir: Arc<str>,
    pub log_limit: LogLimit,
}

/// Gives every error its documented form: a problem document
/// with the request id for programs, a page for end users.
pub async fn show_problems(
    State(pages): State<ErrorPages>,
    request: Request,
    next: Next,
) -> Response {
    let request_id = request
        .extensions()
        .get::<RequestId>()
        .map(|id| id.0.clone())
        .unwrap_or_default();
    let for_clients = oauth::is_for_clients(request.uri().path());
    let for_programs = for_clients || is_for_programs(request.uri().path());
    let for_end_users = !for_programs && wants_page(request.headers());
    let language = page_language(request.headers(), request.extensions());
    let is_counted = !is_cheap(&request);
    // What was posted cannot be asked for again by its address.
    let asked = request.method().is_safe().then(|| request.uri().clone());
    let mut response = next.run(request).await;
    let problem = problem_of(&response, for_programs);
    if let Some(problem) = &problem {
        if status(problem.code()).is_server_error() || pages.log_limit.allows(is_counted) {
            problem.log();
        }
        if let Some(wait) = problem.retry_after() {
            let headers = response.headers_mut();
            headers.entry(header::RETRY_AFTER).or_insert(wait);
        }
        response.extensions_mut().insert(problem.clone());
    }
    match problem {
        Some(problem) if for_end_users => {
            let document = ErrorDocument {
                package_dir: &pages.package_dir,
                product_name: &pages.product_name,
                branding: &pages.branding,
                language,
                code: problem.code(),
                retry_after: retry_after(&response),
                request_id: &request_id,
                page: asked.as_ref(),
            };
            let page = page(&document);
            with_body(response, page)
        }
        Some(problem) if for_clients => {
            let answer = oauth::problem_answer(&problem, &request_id);
            with_body(response, answer)
        }
        Some(problem) => with_body(response, problem.answer(&request_id)),
        None => response,
    }
}

fn is_for_programs(path: &str) -> bool {
    is_below(&["/api", "/.well-known", "/health", "/pkg"], path)
}

fn wants_page(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT);
    let accept = accept.and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

/// The problem that a handler gave, or the one that the
/// framework's bare status means. Pages with their own text stay.
fn problem_of(response: &Response, for_programs: bool) -> Option<Problem> {
    if let Some(problem) = response.extensions().get::<Problem>() {
        return Some(problem.clone());
    }
    let content_type = response
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let is_page = |kind: &str| !for_programs && kind.starts_with("text/html");
    if content_type.is_some_and(|kind| is_page(kind) || kind.contains("json")) {
        return None;
    }
    let code = match response.status() {
        StatusCode::BAD_REQUEST => ErrorCode::MalformedBody,
        StatusCode::FORBIDDEN => ErrorCode::Forbidden,
        StatusCode::NOT_FOUND => ErrorCode::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => ErrorCode::MethodNotAllowed,
        StatusCode::REQUEST_TIMEOUT => ErrorCode::RequestTimeout,
        StatusCode::PAYLOAD_TOO_LARGE => ErrorCode::BodyTooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => ErrorCode::UnsupportedMediaType,
        StatusCode::SERVICE_UNAVAILABLE => ErrorCode::Unavailable,
        status if status.is_server_error() => ErrorCode::Internal,
        _ => return None,
    };
    Some(code.into())
}

/// Keeps what the answer says beside its body: `Allow`, `Retry-After`, cookies.
fn with_body(mut response: Response, body: Response) -> Response {
    let (parts, body) = body.into_parts();
    *response.status_mut() = parts.status;
    for name in [header::CONTENT_LENGTH, header::CONTENT_ENCODING] {
        response.headers_mut().remove(name);
    }
    response.headers_mut().extend(parts.headers);
    *response.body_mut() = body;
    response
}

fn page(document: &ErrorDocument<'_>) -> Response {
    let status = status(document.code);
    let headers = [
        (header::CONTENT_LANGUAGE, document.language.as_str()),
        (header::VARY, "accept-language, cookie"),
    ];
    (status, headers, Html(document.html())).into_response()
}

fn retry_after(response: &Response) -> Option<u64> {
    let header = response.headers().get(header::RETRY_AFTER)?;
    header.to_str().ok()?.parse().ok()
}

/// A panic in a handler is one 500: logged with its trace by the panic hook,
/// and the process lives on.
pub fn panic_response(_: Box<dyn Any + Send + 'static>) -> Response {
    Problem::of_panic().into_response()
}
