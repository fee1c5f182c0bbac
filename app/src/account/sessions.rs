use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use time::OffsetDateTime;
use uuid::Uuid;
use vestibule_core::AuthError;
use vestibule_core::model::{Principal, Session, SessionKind, SignInMethod, device_name};
use vestibule_i18n::{Texts, device, t};

use super::frame::{self, Tab};
use super::overview::here_and_now;
use crate::kit::{
    Button, ButtonStyle, Done, Form, HiddenField, Notice, PostForm, SignOut, Visit, When,
    lifetimes, sent,
};

/// Ends one of the visitor's sessions.
#[server(prefix = "/_fn", endpoint = "revoke_session")]
pub async fn revoke_session(#[server(default)] session_id: String) -> Result<(), ServerFnError> {
    sent(Form::Sessions)
        .submit_as(|visit, who| async move {
            let session_id = Uuid::try_parse(&session_id).map_err(|_| AuthError::NotFound)?;
            let auth = visit.auth();
            auth.revoke_session(&who, session_id, &visit.meta()).await?;
            Ok(Done::at(Form::Sessions.page()).saying(Notice::SessionEnded))
        })
        .await
}

/// Ends all of the visitor's other sessions.
#[server(prefix = "/_fn", endpoint = "sign_out_others")]
pub async fn sign_out_others() -> Result<(), ServerFnError> {
    sent(Form::Sessions)
        .submit_as(|visit, who| async move {
            let auth = visit.auth();
            auth.sign_out_all(&who, true, &visit.meta()).await?;
            Ok(Done::at(Form::Sessions.page()).saying(Notice::OtherSessionsEnded))
        })
        .await
}

pub async fn page(visit: Visit, who: Principal) -> Result<AnyView, AuthError> {
    let sessions = visit.auth().list_sessions(&who).await?;
    let flash = visit.take_flash();
    let texts = visit.texts();
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
    let minutes = lifetimes().access_token.as_secs().div_ceil(60);
    let content = view! {
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
    };
    Ok(frame::page(&visit, Tab::Sessions, &flash, content))
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

/// What a session is signed in with. A name that an app chose for itself stays as it is.
fn device_of(texts: Texts, session: &Session) -> String {
    if session.device == device_name(session.user_agent.as_deref()) {
        device(texts, &session.device)
    } else {
        session.device.clone()
    }
}

/// A picture of the kind of device: an app, a phone or a computer.
/// It says nothing that the words beside it do not.
fn device_icon(session: &Session) -> AnyView {
    let is_phone = ["iPhone", "iPad", "Android"]
        .iter()
        .any(|name| session.device.contains(name));
    let shape = match session.kind {
        SessionKind::Api => view! {
            <rect x="4" y="4" width="7" height="7" rx="1.5"></rect>
            <rect x="13" y="4" width="7" height="7" rx="1.5"></rect>
            <rect x="4" y="13" width="7" height="7" rx="1.5"></rect>
            <path d="M16.5 13.5v6M13.5 16.5h6"></path>
        }
        .into_any(),
        SessionKind::Browser if is_phone => view! {
            <rect x="7" y="3" width="10" height="18" rx="2"></rect>
            <path d="M11 18h2"></path>
        }
        .into_any(),
        SessionKind::Browser => view! {
            <rect x="3" y="4" width="18" height="12" rx="2"></rect>
            <path d="M9 20h6M12 16v4"></path>
        }
        .into_any(),
    };
    view! {
        <svg class="session-icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
            {shape}
        </svg>
    }
    .into_any()
}

/// Signs out everywhere else.
#[component]
pub fn EndOthers(texts: Texts, #[prop(optional)] style: ButtonStyle) -> impl IntoView {
    view! {
        <PostForm action=SignOutOthers::PATH class="panel-actions">
            <Button style=style>{t!(texts, "account-sessions-end-others")}</Button>
        </PostForm>
    }
}

#[component]
fn EndThis(texts: Texts) -> impl IntoView {
    view! {
        <PostForm action=SignOut::PATH class="inline-form">
            <Button style=ButtonStyle::Secondary of=t!(texts, "account-session-of-this")>
                {t!(texts, "account-session-end")}
            </Button>
        </PostForm>
    }
}

#[component]
fn End(texts: Texts, id: String, device: String) -> impl IntoView {
    view! {
        <PostForm action=RevokeSession::PATH class="inline-form">
            <HiddenField name="session_id" value=id/>
            <Button style=ButtonStyle::Secondary of=t!(texts, "account-session-of", device = device)>
                {t!(texts, "account-session-end")}
            </Button>
        </PostForm>
    }
}
