use leptos::prelude::*;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;
use vestibule_core::model::{Principal, Session, User, display_email};
use vestibule_core::{AuditEvent, AuthError, SecurityEvent, SecurityEventFilter};
use vestibule_i18n::{Texts, t};

use super::frame::{self, Tab};
use crate::kit::{Sentence, Visit, slot};

/// A device that was not used for this long is worth a question.
/// Sessions last 30 days at most, so it has to be less.
const UNUSED_AFTER: Duration = Duration::days(14);
const FAILURES_WITHIN: Duration = Duration::days(7);
/// More failures than one page of the activity holds read the same.
const MAX_FAILURES: u32 = 100;

pub async fn page(visit: Visit, who: Principal) -> Result<AnyView, AuthError> {
    let facts = ChecklistFacts::of(&visit, &who).await?;
    let flash = visit.take_flash();
    let texts = visit.texts();
    let content = view! {
        <Greeting texts user=who.user/>
        <Checklist texts facts/>
    };
    Ok(frame::page(&visit, Tab::Overview, &flash, content))
}

/// What the checklist shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ChecklistFacts {
    is_email_verified: bool,
    sessions: usize,
    unused: usize,
    failures: usize,
}

impl ChecklistFacts {
    async fn of(visit: &Visit, who: &Principal) -> Result<Self, AuthError> {
        let auth = visit.auth();
        let sessions = auth.list_sessions(who).await?;
        let failed = auth
            .list_security_events(who, SecurityEventFilter::Failed, None, Some(MAX_FAILURES))
            .await?;
        let now = here_and_now(&sessions, who);
        Ok(Self {
            is_email_verified: who.user.is_email_verified,
            sessions: sessions.len(),
            unused: unused(&sessions, who.session.id, now),
            failures: failures(&failed.events, now),
        })
    }
}

/// The visitor is here now, and the core has just written that down: no other clock is needed.
pub fn here_and_now(sessions: &[Session], who: &Principal) -> OffsetDateTime {
    sessions
        .iter()
        .find(|session| session.id == who.session.id)
        .map_or(who.session.last_seen_at, |session| session.last_seen_at)
}

fn unused(sessions: &[Session], current: Uuid, now: OffsetDateTime) -> usize {
    let is_unused =
        |session: &&Session| session.id != current && now - session.last_seen_at >= UNUSED_AFTER;
    sessions.iter().filter(is_unused).count()
}

fn failures(failed: &[SecurityEvent], now: OffsetDateTime) -> usize {
    let is_recent = |event: &&SecurityEvent| {
        let is_sign_in = matches!(
            event.event,
            AuditEvent::LoginFailure | AuditEvent::LoginLimited
        );
        is_sign_in && now - event.created_at < FAILURES_WITHIN
    };
    failed.iter().filter(is_recent).count()
}

#[component]
fn Greeting(texts: Texts, user: User) -> impl IntoView {
    let hello = match user.first_name {
        Some(_) => t!(texts, "account-hello-name", name = slot(0)),
        None => t!(texts, "account-hello"),
    };
    let name = user
        .first_name
        .map(|name| view! { <bdi>{name}</bdi> }.into_any());
    let parts = name.into_iter().collect();
    view! {
        <p class="lead">
            <Sentence text=hello parts/> " " {t!(texts, "account-signed-in-as")} " "
            <bdi class="address">{display_email(&user.email)}</bdi>
        </p>
    }
}

/// How an item of the checklist stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Good,
    Open,
    Hint,
}

#[component]
fn Checklist(texts: Texts, facts: ChecklistFacts) -> impl IntoView {
    let change = t!(texts, "account-check-password-link");
    let change = Some(("/account/password", change));
    view! {
        <section class="panel" aria-labelledby="checklist">
            <h2 id="checklist">{t!(texts, "account-checklist-heading")}</h2>
            <ul class="checklist" role="list">
                {email_item(texts, facts.is_email_verified)}
                {failures_item(texts, facts.failures)}
                {sessions_item(texts, facts.sessions.saturating_sub(1))}
                {(facts.unused > 0).then(|| unused_item(texts, facts.unused))}
                {item(texts, State::Hint, t!(texts, "account-check-password"), change)}
            </ul>
        </section>
    }
}

fn email_item(texts: Texts, is_verified: bool) -> AnyView {
    if is_verified {
        return item(
            texts,
            State::Good,
            t!(texts, "account-check-email-good"),
            None,
        );
    }
    let text = t!(texts, "account-check-email-open");
    let link = ("/verify-email", t!(texts, "account-check-email-link"));
    item(texts, State::Open, text, Some(link))
}

fn failures_item(texts: Texts, failures: usize) -> AnyView {
    if failures == 0 {
        let text = t!(texts, "account-check-failures-good");
        return item(texts, State::Good, text, None);
    }
    let text = t!(texts, "account-check-failures-open", count = failures);
    let name = t!(texts, "account-check-failures-link");
    let link = ("/account/activity?show=failed", name);
    item(texts, State::Open, text, Some(link))
}

fn sessions_item(texts: Texts, others: usize) -> AnyView {
    if others == 0 {
        let text = t!(texts, "account-check-sessions-none");
        return item(texts, State::Good, text, None);
    }
    let text = t!(texts, "account-check-sessions", count = others);
    let name = t!(texts, "account-check-sessions-link");
    item(texts, State::Hint, text, Some(("/account/sessions", name)))
}

fn unused_item(texts: Texts, unused: usize) -> AnyView {
    let text = t!(texts, "account-check-unused", count = unused);
    let link = ("/account/sessions", t!(texts, "account-check-unused-link"));
    item(texts, State::Open, text, Some(link))
}

fn item(texts: Texts, state: State, text: String, link: Option<(&'static str, String)>) -> AnyView {
    let (class, shape, said) = match state {
        State::Good => (
            "check check-good",
            "M5 12.5l4.5 4.5L19 7.5",
            Some(t!(texts, "account-check-good")),
        ),
        State::Open => (
            "check check-open",
            "M12 5v8M12 17.5v.5",
            Some(t!(texts, "account-check-open")),
        ),
        State::Hint => ("check check-hint", "M12 6v.5M12 11v7", None),
    };
    view! {
        <li class=class>
            <svg class="check-icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
                <path d=shape></path>
            </svg>
            <p>
                {said.map(|said| view! { <span class="visually-hidden">{said} " "</span> })}
                {text}
                {link.map(|(href, name)| view! { " " <a href=href>{name}</a> })}
            </p>
        </li>
    }
    .into_any()
}
