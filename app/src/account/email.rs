use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use vestibule_core::model::{PendingEmail, Principal, Purpose, User, display_email};
use vestibule_core::{AuthError, Field};
use vestibule_i18n::{Texts, life, t};

use super::frame::{self, Tab, password_again};
use crate::kit::{
    Button, ButtonStyle, Done, EmailField, Form, Moment, Notice, PostForm, Sentence, Visit, given,
    lifetimes, sent, slot,
};

/// Asks the new address whether it wants to be the account's.
#[server(prefix = "/_fn", endpoint = "change_email")]
pub async fn change_email(
    #[server(default)] new_email: String,
    #[server(default)] current_password: String,
) -> Result<(), ServerFnError> {
    sent(Form::ChangeEmail)
        .typed("new_email", &new_email)
        .submit_as(|visit, who| async move {
            let command = vestibule_core::ChangeEmail {
                new_email,
                password: given(current_password).map(Into::into),
            };
            let auth = visit.auth();
            auth.request_email_change(&who, command, &visit.meta())
                .await?;
            Ok(Done::at(Form::ChangeEmail.page()).saying(Notice::EmailChangeRequested))
        })
        .await
}

/// Forgets the change that waits for the new address.
#[server(prefix = "/_fn", endpoint = "cancel_email_change")]
pub async fn cancel_email_change() -> Result<(), ServerFnError> {
    sent(Form::ChangeEmail)
        .submit_as(|visit, who| async move {
            let auth = visit.auth();
            auth.cancel_email_change(&who, &visit.meta()).await?;
            Ok(Done::at(Form::ChangeEmail.page()).saying(Notice::EmailChangeCancelled))
        })
        .await
}

pub async fn page(visit: Visit, who: Principal) -> Result<AnyView, AuthError> {
    let pending = visit.auth().pending_email_change(&who).await?;
    let flash = visit.take_flash();
    let texts = visit.texts();
    let password = password_again(&visit, &who, &flash);
    let typed = flash.value("new_email");
    let error = visit.field_errors(&flash).of(Field::NewEmail);
    let is_verified = who.user.is_email_verified;
    let content = view! {
        <Current texts user=who.user/>
        {pending.map(|pending| view! { <Pending texts pending/> })}
        <Change texts is_verified typed error password/>
    };
    Ok(frame::page(&visit, Tab::Email, &flash, content))
}

#[component]
fn Current(texts: Texts, user: User) -> impl IntoView {
    let is_verified = user.is_email_verified;
    // Whether the address is known to be the visitor's.
    let (class, badge) = if is_verified {
        ("badge badge-good", t!(texts, "account-email-confirmed"))
    } else {
        ("badge badge-open", t!(texts, "account-email-unconfirmed"))
    };
    view! {
        <section class="panel" aria-labelledby="current">
            <h2 id="current">{t!(texts, "account-email-current")}</h2>
            <p>
                <bdi class="address">{display_email(&user.email)}</bdi>
                " "
                <span class=class>{badge}</span>
            </p>
            {(!is_verified)
                .then(|| view! { <p><a href="/verify-email">{t!(texts, "account-email-verify-link")}</a></p> })}
        </section>
    }
}

/// A change that waits for the new address to say yes.
#[component]
fn Pending(texts: Texts, pending: PendingEmail) -> impl IntoView {
    let text = t!(texts, "account-email-pending-text", until = slot(0));
    let until = view! { <Moment texts at=pending.expires_at/> };
    view! {
        <section class="panel" aria-labelledby="pending">
            <h2 id="pending">{t!(texts, "account-email-pending-heading")}</h2>
            <dl class="facts">
                <div>
                    <dt>{t!(texts, "account-email-pending-address")}</dt>
                    <dd class="address"><bdi>{display_email(&pending.email)}</bdi></dd>
                </div>
                <div>
                    <dt>{t!(texts, "account-email-pending-since")}</dt>
                    <dd><Moment texts at=pending.requested_at/></dd>
                </div>
            </dl>
            <p><Sentence text parts=vec![until.into_any()]/></p>
            <p>{t!(texts, "account-email-pending-old")}</p>
            <PostForm action=CancelEmailChange::PATH class="panel-actions">
                <Button style=ButtonStyle::Secondary>{t!(texts, "account-email-pending-cancel")}</Button>
            </PostForm>
        </section>
    }
}

#[component]
fn Change(
    texts: Texts,
    /// Only an address that was proved gets the link that goes back.
    is_verified: bool,
    typed: String,
    error: Option<String>,
    password: AnyView,
) -> impl IntoView {
    let back = life(texts, lifetimes().link(Purpose::RevertEmail));
    view! {
        <section class="panel" aria-labelledby="change">
            <h2 id="change">{t!(texts, "account-email-change-heading")}</h2>
            <p>
                {t!(texts, "account-email-change-text")}
                {is_verified.then(|| view! { " " {t!(texts, "account-email-change-back", life = back)} })}
            </p>
            <PostForm action=ChangeEmail::PATH>
                <EmailField
                    name="new_email"
                    label=t!(texts, "account-email-new")
                    autocomplete="email"
                    value=typed
                    error
                />
                {password}
                <Button>{t!(texts, "account-email-change-button")}</Button>
            </PostForm>
        </section>
    }
}
