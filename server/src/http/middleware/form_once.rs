use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest as _, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use vestibule_core::{
    Abandoned, Auth, AuthError, ErrorCode, FormClaim, FormSubmission, hash_token,
};
use vestibule_web::{Problem, RequestOutcome, SentForm, cookie, status};

/// What of an answer is remembered: where a browser is sent, and what it is to keep or forget.
const REMEMBERED: [HeaderName; 3] = [
    header::LOCATION,
    header::SET_COOKIE,
    HeaderName::from_static("clear-site-data"),
];

/// What the middleware needs.
#[derive(Clone)]
pub struct FormsOnce {
    pub auth: Arc<Auth>,
    /// The name of the session's cookie.
    pub session_cookie: Arc<str>,
}

/// Marks a form that was done before and whose answer is no redirect.
/// Its handler makes the answer anew and does nothing else.
#[derive(Clone, Copy)]
pub struct SentAgain;

/// The outcome of a form.
#[derive(Serialize, Deserialize)]
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    /// Whom the browser was signed in as, before and after, as a hash of the cookie.
    /// From elsewhere the same form is another.
    sessions: [String; 2],
}

/// Does a form once that is sent twice, and gives both the same answer.
/// Around the session, whose cookie is part of it.
///
/// What failed for a reason of the portal, or because of a limit,
/// is not remembered: trying again is the remedy.
pub async fn do_forms_once(
    State(forms): State<FormsOnce>,
    request: Request,
    next: Next,
) -> Response {
    let sent = request.extensions().get::<SentForm>();
    if sent.is_none_or(|sent| sent.nonce.is_none()) {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let Ok(body) = Bytes::from_request(Request::from_parts(parts.clone(), body), &()).await else {
        return Problem::from(ErrorCode::MalformedBody).into_response();
    };
    let abandoned: Abandoned = parts.extensions.get().cloned().unwrap_or_default();
    let claim = forms.auth.claim_form(parts.uri.path(), &body, &abandoned);
    let claim = claim.await;
    let session = forms.session_of(&parts.headers);
    let outcome = RequestOutcome::of(&parts);
    let mut request = Request::from_parts(parts, Body::from(body));
    let claim = match claim {
        Ok(FormSubmission::New(claim)) => claim,
        Ok(FormSubmission::Done(answer)) => {
            let answer = serde_json::from_slice(&answer).ok();
            match answer.filter(|answer: &Answer| answer.sessions.contains(&session)) {
                Some(answer) if forms.began_what_ended(&answer).await => {}
                Some(answer) if answer.is_redirect() => return answer.into_response(),
                Some(_) => {
                    request.extensions_mut().insert(SentAgain);
                }
                None => {}
            }
            return next.run(request).await;
        }
        Err(error @ AuthError::Abandoned) => return Problem::from(error).into_response(),
        // Without the memory a form works as well; what is
        // wrong with the database shows in its own answer.
        Err(error) => {
            note(error);
            return next.run(request).await;
        }
    };
    let response = next.run(request).await;
    let answer = forms.answer(&response, &outcome, session);
    forms.remember(&claim, answer).await;
    response
}

impl FormsOnce {
    /// What is remembered of an answer; `None` where trying again is the remedy.
    fn answer(
        &self,
        response: &Response,
        outcome: &RequestOutcome,
        before: String,
    ) -> Option<Answer> {
        if is_worth_trying_again(response.status(), outcome.refusal()) {
            return None;
        }
        Some(Answer {
            status: response.status().as_u16(),
            headers: remembered_headers(response.headers()),
            sessions: [
                before.clone(),
                self.session_after(response).unwrap_or(before),
            ],
        })
    }

    async fn remember(&self, claim: &FormClaim, answer: Option<Answer>) {
        let done = match answer.and_then(|answer| serde_json::to_vec(&answer).ok()) {
            Some(answer) => self.auth.remember_form(claim, &answer).await,
            None => self.auth.release_form(claim).await,
        };
        if let Err(error) = done {
            note(error);
        }
    }

    /// Whether the form began a session that has ended by now: a user who signs out,
    /// goes back and signs in again wants another one.
    async fn began_what_ended(&self, answer: &Answer) -> bool {
        let begun = answer.headers.iter().find_map(|(name, value)| {
            let pair = value.split(';').next().filter(|_| name == "set-cookie")?;
            self.session_in(pair).filter(|cookie| !cookie.is_empty())
        });
        match begun {
            Some(cookie) => matches!(self.auth.session_by_cookie(cookie).await, Ok(None)),
            None => false,
        }
    }

    /// Whom the request is signed in as.
    fn session_of(&self, headers: &HeaderMap) -> String {
        hash_token(cookie(headers, &self.session_cookie).unwrap_or_default())
    }

    /// Whom the answer signs the browser in as; `None` if it changes nothing.
    fn session_after(&self, response: &Response) -> Option<String> {
        let cookies = response.headers().get_all(header::SET_COOKIE).iter();
        let mut pairs = cookies
            .filter_map(|value| value.to_str().ok())
            .filter_map(|value| value.split(';').next());
        pairs.find_map(|pair| self.session_in(pair)).map(hash_token)
    }

    fn session_in<'a>(&self, pair: &'a str) -> Option<&'a str> {
        let (name, value) = pair.trim().split_once('=')?;
        (name == &*self.session_cookie).then_some(value)
    }
}

impl Answer {
    fn is_redirect(&self) -> bool {
        StatusCode::from_u16(self.status).is_ok_and(|status| status.is_redirection())
    }

    fn into_response(self) -> Response {
        let mut response = StatusCode::from_u16(self.status)
            .unwrap_or(StatusCode::SEE_OTHER)
            .into_response();
        for (name, value) in self.headers {
            if let (Ok(name), Ok(value)) =
                (name.parse::<HeaderName>(), HeaderValue::from_str(&value))
            {
                response.headers_mut().append(name, value);
            }
        }
        response
    }
}

fn remembered_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let of_name = |name: &HeaderName| {
        let name = name.clone();
        let values = headers.get_all(&name).iter();
        values
            .filter_map(|value| value.to_str().ok())
            .map(|value| (name.to_string(), value.to_owned()))
            .collect::<Vec<_>>()
    };
    REMEMBERED.iter().flat_map(of_name).collect()
}

/// A form that was refused is shown again by a redirect, whose status says nothing.
fn is_worth_trying_again(answered: StatusCode, refusal: Option<ErrorCode>) -> bool {
    let status = refusal.map_or(answered, status);
    let passes = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS];
    [answered, status]
        .iter()
        .any(|status| status.is_server_error() || passes.contains(status))
}

/// The form is answered all the same; sent twice, it may be done twice.
fn note(error: AuthError) {
    drop(Problem::from(error));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_saw_the_end_of_is_done_when_it_is_sent_again() {
        let shown = StatusCode::SEE_OTHER;
        for code in [
            ErrorCode::RequestTimeout,
            ErrorCode::RateLimited,
            ErrorCode::Unavailable,
            ErrorCode::Internal,
        ] {
            assert!(is_worth_trying_again(shown, Some(code)), "{code}");
        }
        for code in [ErrorCode::EmailTaken, ErrorCode::InvalidCredentials] {
            assert!(!is_worth_trying_again(shown, Some(code)), "{code}");
        }
        assert!(!is_worth_trying_again(shown, None));
        assert!(is_worth_trying_again(StatusCode::REQUEST_TIMEOUT, None));
    }
}
