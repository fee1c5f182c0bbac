//! What the links of two mails undo: the deletion of an account, and a change of its address.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use vestibule_core::model::Purpose;
use vestibule_core::{AuthError, RestoreLink, RevertLink};
use vestibule_i18n::{Texts, life, t};

use crate::kit::{
    Done, Form, LinkForm, Moment, Notice, Sentence, Visit, branding, card, lifetimes, sent, slot,
};

/// Keeps an account that was to be deleted. It signs nobody in.
#[server(prefix = "/_fn", endpoint = "restore_account")]
pub async fn restore_account() -> Result<(), ServerFnError> {
    sent(Form::MailedLink(Purpose::RestoreAccount))
        .submit(|visit| async move {
            let token = visit.needed_token(Purpose::RestoreAccount)?;
            let auth = visit.auth();
            let user = auth.restore_account(&token, &visit.meta()).await?;
            Ok(Done::at(Form::SignIn.page())
                .saying(Notice::DeletionCancelled)
                .about_and_for(user.id, &user.email))
        })
        .await
}

pub async fn account_page(visit: Visit, token: Option<String>) -> Result<AnyView, AuthError> {
    let flash = visit.take_flash();
    let texts = visit.texts();
    let link = match token {
        Some(token) => visit.auth().restore_link(&token).await?,
        None => None,
    };
    let (heading, content) = match link {
        Some(link) => (t!(texts, "restore-heading"), keep_account(texts, link)),
        None => (t!(texts, "restore-dead-heading"), cannot_keep(texts)),
    };
    Ok(card(&visit, heading, &flash, Vec::new(), content))
}

fn keep_account(texts: Texts, link: RestoreLink) -> AnyView {
    let until = view! { <Moment texts at=link.delete_at/> };
    let text = t!(texts, "restore-text", until = slot(0));
    let text = view! { <Sentence text parts=vec![until.into_any()]/> }.into_any();
    view! {
        <LinkForm
            label=t!(texts, "restore-address")
            email=link.email
            text
            action=RestoreAccount::PATH
            button=t!(texts, "restore-button")
        />
    }
    .into_any()
}

fn cannot_keep(texts: Texts) -> AnyView {
    view! {
        <p>{t!(texts, "restore-dead-text", life = life(texts, lifetimes().link(Purpose::RestoreAccount)))}</p>
        <p>{t!(texts, "restore-dead-help")}</p>
        <p><a class="button" href="/login">{t!(texts, "restore-sign-in")}</a></p>
        <p>{t!(texts, "restore-dead-again")}</p>
        <p><a class="button button-secondary" href="/forgot-password">{t!(texts, "restore-dead-reset")}</a></p>
        <p class="footnote"><a href="/register">{t!(texts, "restore-dead-register")}</a></p>
    }
    .into_any()
}

/// Gives the account its former address back. It signs nobody in: the one who changed the address
/// may know the password, so the way leads to a new one.
#[server(prefix = "/_fn", endpoint = "revert_email")]
pub async fn revert_email() -> Result<(), ServerFnError> {
    sent(Form::MailedLink(Purpose::RevertEmail))
        .submit(|visit| async move {
            let token = visit.needed_token(Purpose::RevertEmail)?;
            let auth = visit.auth();
            let user = auth.revert_email_change(&token, &visit.meta()).await?;
            Ok(Done::at(Form::ForgotPassword.page())
                .saying(Notice::EmailReverted)
                .about_and_for(user.id, &user.email))
        })
        .await
}

pub async fn email_page(visit: Visit, token: Option<String>) -> Result<AnyView, AuthError> {
    let flash = visit.take_flash();
    let texts = visit.texts();
    let link = match token {
        Some(token) => visit.auth().revert_link(&token).await?,
        None => None,
    };
    let (heading, content) = match link {
        Some(link) => (t!(texts, "revert-heading"), revert(texts, link)),
        None => (t!(texts, "revert-dead-heading"), cannot_revert(texts)),
    };
    Ok(card(&visit, heading, &flash, Vec::new(), content))
}

fn revert(texts: Texts, link: RevertLink) -> AnyView {
    view! {
        <LinkForm
            label=t!(texts, "revert-address")
            email=link.email
            text=t!(texts, "revert-text").into_any()
            action=RevertEmail::PATH
            button=t!(texts, "revert-button")
        />
    }
    .into_any()
}

fn cannot_revert(texts: Texts) -> AnyView {
    let branding = branding();
    let support = branding.support.as_ref();
    let support = support.map(|address| who_helps(texts, address));
    view! {
        <p>{t!(texts, "revert-dead-text", life = life(texts, lifetimes().link(Purpose::RevertEmail)))}</p>
        <p>{t!(texts, "revert-dead-help")} {support}</p>
        <p><a class="button" href="/forgot-password">{t!(texts, "revert-dead-reset")}</a></p>
        <p class="footnote"><a href="/login">{t!(texts, "restore-sign-in")}</a></p>
    }
    .into_any()
}

/// Who helps where the link cannot.
fn who_helps(texts: Texts, address: &str) -> AnyView {
    let text = t!(texts, "revert-dead-support", address = slot(0));
    let link = view! { <a href=format!("mailto:{address}")><bdi>{address.to_owned()}</bdi></a> };
    view! { " " <Sentence text parts=vec![link.into_any()]/> }.into_any()
}
