use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use vestibule_core::model::{Purpose, display_email};
use vestibule_core::{AuthError, RestoreLink};
use vestibule_i18n::{Texts, life, t};

use crate::components::{LinkForm, Sentence, card, slot};
use crate::dates::Moment;
use crate::flash::{Form, Notice};
use crate::ssr::{self, Visit};
use crate::submit::{Done, sent};

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
                .about(user.id, &user.email)
                .filling("email", &display_email(&user.email)))
        })
        .await
}

#[component]
pub fn RestoreAccountPage() -> impl IntoView {
    ssr::link_page(Purpose::RestoreAccount, render)
}

async fn render(visit: Visit, token: Option<String>) -> Result<AnyView, AuthError> {
    let flash = visit.take_flash();
    let texts = visit.texts();
    let link = match token {
        Some(token) => visit.auth().restore_link(&token).await?,
        None => None,
    };
    let (heading, content) = match link {
        Some(link) => (t!(texts, "restore-heading"), ask(texts, link)),
        None => (t!(texts, "restore-dead-heading"), dead_link(texts)),
    };
    Ok(card(&visit, heading, &flash, Vec::new(), content))
}

fn ask(texts: Texts, link: RestoreLink) -> AnyView {
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

fn dead_link(texts: Texts) -> AnyView {
    view! {
        <p>{t!(texts, "restore-dead-text", life = life(texts, ssr::lifetimes().link(Purpose::RestoreAccount)))}</p>
        <p>{t!(texts, "restore-dead-help")}</p>
        <p><a class="button" href="/login">{t!(texts, "undo-sign-in")}</a></p>
        <p>{t!(texts, "restore-dead-again")}</p>
        <p><a class="button button-secondary" href="/forgot-password">{t!(texts, "restore-dead-reset")}</a></p>
        <p class="footnote"><a href="/register">{t!(texts, "restore-dead-register")}</a></p>
    }
    .into_any()
}
