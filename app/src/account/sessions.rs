use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use time::OffsetDateTime;
use vestibule_core::AuthError;
use vestibule_core::model::{Principal, Session, SessionKind, SignInMethod};
use vestibule_i18n::{Texts, t};

use super::device::{device_icon, device_of};
use super::frame::{self, Tab};
use super::overview::here_and_now;
use super::session_actions::{RevokeSession, SignOut, SignOutOthers};
use crate::components::{Button, ButtonStyle, Form, HiddenField};
use crate::dates::When;
use crate::ssr::{self, Visit};

#[component]
pub fn SessionsPage() -> impl IntoView {
    ssr::account_page(render)
}

async fn render(visit: Visit, who: Principal) -> Result<AnyView, AuthError> {
    let sessions = visit.auth().list_sessions(&who).await?;
    let flash = visit.take_flash();
    let texts = visit.texts();
    let content = view! { <Sessions texts who sessions/> };
    Ok(frame::page(&visit, Tab::Sessions, &flash, content))
}

#[component]
fn Sessions(texts: Texts, who: Principal, sessions: Vec<Session>) -> impl IntoView {
    let current = who.session.id;
    let now = here_and_now(&sessions, &who);
    let (this, others): (Vec<Session>, Vec<Session>) = sessions
        .into_iter()
        .partition(|session| session.id == current);
    let has_others = !others.is_empty();
    let items = this.into_iter().chain(others).map(|session| {
        let is_current = session.id == current;
        view! { <SessionItem texts session is_current now/> }
    });
    let minutes = ssr::lifetimes().access_token.as_secs().div_ceil(60);
    view! {
        <section class="panel" aria-label=t!(texts, "account-sessions-heading")>
            <p>
                {if has_others {
                    t!(texts, "account-sessions-text")
                } else {
                    t!(texts, "account-sessions-none")
                }}
            </p>
            <ul class="sessions" role="list">{items.collect_view()}</ul>
            {has_others.then(|| view! { <EndOthers texts/> })}
            <p class="hint">{t!(texts, "account-sessions-truth", minutes = minutes)}</p>
        </section>
    }
}

#[component]
fn SessionItem(
    texts: Texts,
    session: Session,
    is_current: bool,
    now: OffsetDateTime,
) -> impl IntoView {
    let how = match session.method {
        SignInMethod::Password => t!(texts, "account-session-by-password"),
        SignInMethod::Registration => t!(texts, "account-session-by-registration"),
    };
    let kind = match session.kind {
        SessionKind::Browser => t!(texts, "account-session-browser"),
        SessionKind::Api => t!(texts, "account-session-app"),
    };
    let device = device_of(texts, &session);
    let badge = t!(texts, "account-session-this");
    view! {
        <li class="session">
            {device_icon(&session)}
            <div class="session-facts">
                <p class="session-device">
                    <strong><bdi>{device.clone()}</bdi></strong>
                    {is_current.then(|| view! { " " <span class="badge badge-good">{badge}</span> })}
                </p>
                <p class="session-detail">
                    {t!(texts, "account-session-active")} " " <When texts at=session.last_seen_at now/>
                    " · " {kind} " · " {session.ip_address}
                </p>
                <p class="session-detail">
                    {t!(texts, "account-session-began")} " " <When texts at=session.created_at now/> ", " {how}
                </p>
            </div>
            {if is_current {
                view! { <EndThis texts/> }.into_any()
            } else {
                view! { <End texts id=session.id.to_string() device/> }.into_any()
            }}
        </li>
    }
}

/// Signs out everywhere else.
#[component]
pub fn EndOthers(texts: Texts, #[prop(optional)] style: ButtonStyle) -> impl IntoView {
    view! {
        <Form action=SignOutOthers::PATH class="panel-actions">
            <Button style=style>{t!(texts, "account-sessions-end-others")}</Button>
        </Form>
    }
}

#[component]
fn EndThis(texts: Texts) -> impl IntoView {
    view! {
        <Form action=SignOut::PATH class="inline-form">
            <Button style=ButtonStyle::Secondary of=t!(texts, "account-session-of-this")>
                {t!(texts, "account-session-end")}
            </Button>
        </Form>
    }
}

#[component]
fn End(texts: Texts, id: String, device: String) -> impl IntoView {
    view! {
        <Form action=RevokeSession::PATH class="inline-form">
            <HiddenField name="session_id" value=id/>
            <Button style=ButtonStyle::Secondary of=t!(texts, "account-session-of", device = device)>
                {t!(texts, "account-session-end")}
            </Button>
        </Form>
    }
}
