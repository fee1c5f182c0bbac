//! The authorization endpoint (OpenID Connect Core 1.0, 3.1.2): where a client sends the browser.

use std::pin::Pin;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use tower_sessions::Session;
use url::form_urlencoded;
use vestibule_core::{AuthError, Authorized, ErrorCode, Flow, FlowProblem, Parameters};
use vestibule_web::{Problem, RequestOutcome, WebState, begin_flow, signed_in_browser};

use super::token::is_form;

/// Renders the page of a request.
type RenderPage =
    Arc<dyn Fn(Request) -> Pin<Box<dyn Future<Output = Response> + Send>> + Send + Sync>;

/// What the endpoint needs.
#[derive(Clone)]
pub struct AuthorizeState {
    pub web: WebState,
    pub render: RenderPage,
}

const AUTHORIZE: &str = "/oauth2/authorize";
const PROBLEM_PAGE: &str = "/oauth2/problem";
/// A request that is posted becomes an address, and servers on the way take no longer ones.
const MAX_POSTED_BYTES: usize = 4096;

/// Sends the browser straight back to the client where nothing has to be shown, and otherwise to
/// the pages. It writes nothing.
pub async fn authorize(
    State(AuthorizeState { web, render }): State<AuthorizeState>,
    request: Request,
) -> Response {
    let headers = request.headers();
    let query = request.uri().query().unwrap_or_default();
    let parameters = Parameters::parse(query.as_bytes());
    let session = request.extensions().get::<Session>().cloned();
    let outcome = request.extensions().get::<RequestOutcome>().cloned();
    let authorized = begin(&web, &parameters, session, outcome.unwrap_or_default()).await;
    match authorized {
        Ok(Authorized::Leave(url)) => leave(&url),
        Ok(Authorized::Flow(flow)) => to_pages(&web, headers, &flow)
            .unwrap_or_else(|| leave(&web.auth.refuse_long_flow(&flow))),
        Ok(Authorized::Problem(problem)) => show_problem(request, &render, problem).await,
        Err(error) => Problem::from(error).into_response(),
    }
}

async fn begin(
    web: &WebState,
    parameters: &Parameters,
    session: Option<Session>,
    outcome: RequestOutcome,
) -> Result<Authorized, AuthError> {
    let session = session.ok_or_else(|| AuthError::internal("the session layer is missing"))?;
    let who = signed_in_browser(&web.auth, &session).await?;
    if let Some(who) = &who {
        outcome.is_by(who.user.id);
    }
    web.auth.authorize(parameters, who.as_ref()).await
}

/// The same request by a form of another site, which comes without the browser's cookies. It is
/// asked for once more by its address, and does nothing else.
pub async fn authorize_by_form(headers: HeaderMap, body: Bytes) -> Response {
    if !is_form(&headers) {
        return Problem::from(ErrorCode::UnsupportedMediaType).into_response();
    }
    if body.len() > MAX_POSTED_BYTES {
        return Problem::from(ErrorCode::BodyTooLarge).into_response();
    }
    let pairs = form_urlencoded::parse(&body);
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs);
    see_other(&format!("{AUTHORIZE}?{}", query.finish()), HeaderMap::new())
}

/// A look ahead, which nobody has asked for, makes no code and ends no flow.
pub async fn skip_looks_ahead(request: Request, next: Next) -> Response {
    let is_ahead = request.method() == Method::HEAD || is_prefetch(request.headers());
    if is_ahead && request.uri().path().starts_with("/oauth2/") {
        return StatusCode::NO_CONTENT.into_response();
    }
    next.run(request).await
}

fn is_prefetch(headers: &HeaderMap) -> bool {
    let purpose = headers.get("sec-purpose").or(headers.get("purpose"));
    purpose.is_some_and(|purpose| purpose.as_bytes().starts_with(b"prefetch"))
}

/// Where the browser came from is nothing to the client.
fn leave(url: &str) -> Response {
    let mut headers = HeaderMap::new();
    let policy = HeaderValue::from_static("no-referrer");
    headers.insert(header::REFERRER_POLICY, policy);
    see_other(url, headers)
}

/// `None` for a request that no browser would keep.
fn to_pages(web: &WebState, headers: &HeaderMap, flow: &Flow) -> Option<Response> {
    let begun = begin_flow(&web.cookies, headers, flow)?;
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("flow", &begun.id);
    query.append_pair("client", flow.client_id());
    let mut headers = HeaderMap::new();
    for cookie in begun.cookies {
        headers.append(header::SET_COOKIE, cookie);
    }
    Some(see_other(
        &format!("/oauth2/resume?{}", query.finish()),
        headers,
    ))
}

/// The window that opened this one may wait for it: some apps sign in by a window of their own.
fn see_other(to: &str, mut headers: HeaderMap) -> Response {
    let Ok(location) = HeaderValue::from_str(to) else {
        let error = AuthError::internal("an address that is no header");
        return Problem::from(error).into_response();
    };
    headers.insert(header::LOCATION, location);
    let policy = HeaderValue::from_static("unsafe-none");
    headers.insert("cross-origin-opener-policy", policy);
    (StatusCode::SEE_OTHER, headers).into_response()
}

async fn show_problem(mut request: Request, render: &RenderPage, problem: FlowProblem) -> Response {
    *request.uri_mut() = Uri::from_static(PROBLEM_PAGE);
    request.extensions_mut().insert(problem);
    render(request).await
}
