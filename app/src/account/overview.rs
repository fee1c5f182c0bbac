use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use time::OffsetDateTime;
use vestibule_core::AuthError;
use vestibule_core::model::{Principal, Session, SessionKind, SignInMethod, User};

use super::actions::{RevokeSession, SignOut, SignOutOthers};
use super::when::When;
use crate::components::{
    Button, ButtonStyle, ErrorSummary, Form, HiddenField, Layout, NoticeBox, Width,
};
use crate::messages;
use crate::ssr::{self, Visit};

#[component]
pub fn AccountPage() -> impl IntoView {
    ssr::page(render)
}

async fn render(visit: Visit) -> Result<AnyView, AuthError> {
    let Some(who) = visit.principal().await? else {
        return Ok(visit.ask_to_sign_in());
    };
    let sessions = visit.auth().list_sessions(&who).await?;
    let flash = visit.take_flash();
    let view = view! {
        <Layout
            product_name=visit.product_name()
            heading="Your account"
            has_error=flash.error().is_some()
            is_signed_in=true
            width=Width::Wide
        >
            <NoticeBox news=flash.news()/>
            <ErrorSummary message=messages::error(&flash)/>
            <Profile user=who.user.clone()/>
            <Sessions who sessions/>
        </Layout>
    };
    Ok(view.into_any())
}

#[component]
fn Profile(user: User) -> impl IntoView {
    let name: Vec<&str> = [&user.first_name, &user.last_name]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .collect();
    let name = (!name.is_empty()).then(|| name.join(" "));
    view! {
        <section class="panel" aria-labelledby="profile">
            <h2 id="profile">"Sign-in details"</h2>
            <dl class="facts">
                {name.map(|name| view! { <div><dt>"Name"</dt><dd>{name}</dd></div> })}
                <div>
                    <dt>"Email address"</dt>
                    <dd>
                        <span class="address">{user.email}</span>
                        " "
                        {if user.is_email_verified {
                            view! { <span class="badge badge-good">"Confirmed"</span> }.into_any()
                        } else {
                            view! {
                                <span class="badge badge-open">"Not confirmed"</span>
                                " "
                                <a href="/verify-email">"Confirm it"</a>
                            }
                            .into_any()
                        }}
                    </dd>
                </div>
                <div>
                    <dt>"Password"</dt>
                    <dd><a href="/account/password">"Change password"</a></dd>
                </div>
            </dl>
        </section>
    }
}

#[component]
fn Sessions(who: Principal, sessions: Vec<Session>) -> impl IntoView {
    let current = who.session.id;
    // The visitor is here now, and the core has just written that down: no other clock is needed.
    let now = sessions
        .iter()
        .find(|session| session.id == current)
        .map_or(who.session.last_seen_at, |it| it.last_seen_at);
    let has_others = sessions.len() > 1;
    let (this, others): (Vec<Session>, Vec<Session>) = sessions
        .into_iter()
        .partition(|session| session.id == current);
    let items = this.into_iter().chain(others).map(|session| {
        let is_current = session.id == current;
        view! { <SessionItem session is_current now/> }
    });
    view! {
        <section class="panel" aria-labelledby="sessions">
            <h2 id="sessions">"Where you are signed in"</h2>
            <ul class="sessions" role="list">{items.collect_view()}</ul>
            {has_others
                .then(|| {
                    view! {
                        <Form action=SignOutOthers::PATH class="panel-actions">
                            <Button style=ButtonStyle::Secondary>"Sign out everywhere else"</Button>
                        </Form>
                    }
                })}
        </section>
    }
}

#[component]
fn SessionItem(session: Session, is_current: bool, now: OffsetDateTime) -> impl IntoView {
    let what = match session.kind {
        SessionKind::Browser => "Browser",
        SessionKind::Api => "App",
    };
    let how = match session.method {
        SignInMethod::Password => ", with password",
        SignInMethod::Registration => ", when registering",
    };
    let device = session.device.clone();
    let button = if is_current {
        view! {
            <Form action=SignOut::PATH class="inline-form">
                <Button style=ButtonStyle::Secondary of="this device">"Sign out"</Button>
            </Form>
        }
        .into_any()
    } else {
        view! {
            <Form action=RevokeSession::PATH class="inline-form">
                <HiddenField name="session_id" value=session.id.to_string()/>
                <Button style=ButtonStyle::Secondary of=device>"Sign out"</Button>
            </Form>
        }
        .into_any()
    };
    view! {
        <li class="session">
            <div class="session-facts">
                <p class="session-device">
                    <strong>{session.device}</strong>
                    {is_current.then(|| view! { " " <span class="badge badge-good">"This device"</span> })}
                </p>
                <p class="session-detail">
                    {what} " · " {session.ip_address} " · active " <When at=session.last_seen_at now/>
                </p>
                <p class="session-detail">
                    "Signed in " <When at=session.created_at now/> {how}
                </p>
            </div>
            {button}
        </li>
    }
}
