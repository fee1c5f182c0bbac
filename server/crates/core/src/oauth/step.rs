//! What is to happen next in a flow. Facts alone decide: no parameter says that something was done.

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::error::{OAuthErrorCode, OAuthRefusal};
use super::redirect_uri;
use super::request::{AuthorizationRequest, Hint, Prompt};
use crate::kernel::model::{Client, ClientKind, Consent, Principal, Scopes};

/// What is known when a flow is looked at.
pub struct Facts<'a> {
    pub client: &'a Client,
    /// When the flow began.
    pub began_at: OffsetDateTime,
    /// Who is signed in.
    pub who: Option<&'a Principal>,
    /// What that user has agreed to before.
    pub granted: Option<&'a Scopes>,
    /// The browser's session whose user has pressed the button of this flow.
    pub approved_by: Option<Uuid>,
    /// Whether the user has said no in this flow.
    pub is_refused: bool,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    SignIn,
    Register,
    Reauthenticate,
    VerifyEmail,
    /// The app does not let this user in.
    NotAllowed,
    /// The user is asked.
    Ask(Ask),
    /// The client gets an error.
    Refuse(OAuthRefusal),
    /// The client gets a code.
    Grant,
}

/// What the user is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Whether the app may have what it asks for.
    Consent,
    /// Whether to go on with this account.
    Continue,
    /// The app wants another account than the one that is signed in.
    OtherAccount,
}

/// The next step of a flow.
pub fn next_step(request: &AuthorizationRequest, facts: &Facts<'_>) -> Step {
    let step = step_with_pages(request, facts);
    if request.asks_for(Prompt::None) {
        without_pages(step)
    } else {
        step
    }
}

fn step_with_pages(request: &AuthorizationRequest, facts: &Facts<'_>) -> Step {
    if facts.is_refused {
        return Step::Refuse(OAuthErrorCode::AccessDenied.because("The user said no."));
    }
    let Some(who) = facts.who else {
        return if request.asks_for(Prompt::Create) {
            Step::Register
        } else {
            Step::SignIn
        };
    };
    if is_other_user(request, who) {
        return Step::Ask(Ask::OtherAccount);
    }
    if !is_fresh(request, facts.began_at, who) {
        return Step::Reauthenticate;
    }
    let client = facts.client;
    if client.settings.needs_verified_email && !who.user.is_email_verified {
        return Step::VerifyEmail;
    }
    if !client.admits(&who.user) {
        return Step::NotAllowed;
    }
    question(request, facts, who).map_or(Step::Grant, Step::Ask)
}

/// Whether the client takes the user for another one. Whom it means by a hint that cannot be read,
/// the user may know.
fn is_other_user(request: &AuthorizationRequest, who: &Principal) -> bool {
    match request.hint {
        Some(Hint::User(user_id)) => user_id != who.user.id,
        Some(Hint::Unknown) => request.asks_for(Prompt::None),
        None => false,
    }
}

/// Whether the password was given lately enough. `prompt=login` wants it in this flow, whatever was
/// given before.
fn is_fresh(request: &AuthorizationRequest, began_at: OffsetDateTime, who: &Principal) -> bool {
    let given_at = who.session.authenticated_at;
    let is_asked_anew = request.asks_for(Prompt::Login) || request.max_age == Some(0);
    let is_young = |age: u32| given_at >= began_at - Duration::seconds(age.into());
    (!is_asked_anew || given_at > began_at) && request.max_age.is_none_or(is_young)
}

/// What the user has to answer before the app gets anything.
fn question(request: &AuthorizationRequest, facts: &Facts<'_>, who: &Principal) -> Option<Ask> {
    if facts.approved_by == Some(who.session.id) {
        return None;
    }
    let client = facts.client;
    let is_agreed = facts
        .granted
        .is_some_and(|granted| request.scopes.are_within(granted));
    let needs_consent = match client.settings.consent {
        Consent::Always => true,
        Consent::Never => false,
        Consent::Default => !client.is_first_party && (!is_agreed || is_claimable(client)),
    };
    if needs_consent || request.asks_for(Prompt::Consent) {
        return Some(Ask::Consent);
    }
    // Any program of the user's machine may listen there: nothing is sent to it without a press.
    // The page that leads to an app by its scheme has a button by itself.
    let has_button = redirect_uri::is_of_own_scheme(&request.reply_to.redirect_uri)
        && !request.asks_for(Prompt::None);
    let is_listener = client.kind == ClientKind::Native && !has_button;
    let has_just_chosen = who.session.created_at > facts.began_at;
    let is_chooser = request.asks_for(Prompt::SelectAccount) && !has_just_chosen;
    (is_listener || is_chooser).then_some(Ask::Continue)
}

/// Whether another program can call itself as this one: it keeps no secret, and the address that
/// answers go to is nobody's.
fn is_claimable(client: &Client) -> bool {
    client.is_public() && client.kind == ClientKind::Native
}

/// The error that stands for a page which must not be shown (OpenID Connect Core 1.0, 3.1.2.6).
fn without_pages(step: Step) -> Step {
    let refusal = match step {
        Step::Refuse(_) | Step::Grant => return step,
        Step::SignIn | Step::Register | Step::Reauthenticate | Step::Ask(Ask::OtherAccount) => {
            OAuthErrorCode::LoginRequired.because("The user has to sign in.")
        }
        Step::Ask(Ask::Consent) => {
            OAuthErrorCode::ConsentRequired.because("The user has to agree.")
        }
        Step::VerifyEmail | Step::Ask(Ask::Continue) => {
            OAuthErrorCode::InteractionRequired.because("The user has to do something first.")
        }
        Step::NotAllowed => OAuthErrorCode::AccessDenied.because("The user said no."),
    };
    Step::Refuse(refusal)
}

#[cfg(test)]
#[path = "step_tests.rs"]
mod tests;
