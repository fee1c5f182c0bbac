use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use vestibule_core::model::{Purpose, display_email};
use vestibule_core::{AuthError, RevertLink};
use vestibule_i18n::{Texts, life, t};

use crate::components::{LinkForm, Sentence, card, slot};
use crate::flash::{Form, Notice};
use crate::ssr::{self, Visit};
use crate::submit::{Done, sent};

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
                .about(user.id, &user.email)
                .filling("email", &display_email(&user.email)))
        })
        .await
}

#[component]
pub fn RevertEmailPage() -> impl IntoView {
    ssr::link_page(Purpose::RevertEmail, render)
}

async fn render(visit: Visit, token: Option<String>) -> Result<AnyView, AuthError> {
    let flash = visit.take_flash();
    let texts = visit.texts();
    let link = match token {
        Some(token) => visit.auth().revert_link(&token).await?,
        None => None,
    };
    let (heading, content) = match link {
        Some(link) => (t!(texts, "revert-heading"), ask(texts, link)),
        None => (t!(texts, "revert-dead-heading"), dead_link(texts)),
    };
    Ok(card(&visit, heading, &flash, Vec::new(), content))
}

fn ask(texts: Texts, link: RevertLink) -> AnyView {
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

fn dead_link(texts: Texts) -> AnyView {
    let support = ssr::branding()
        .support
        .as_ref()
        .map(|address| support(texts, address));
    view! {
        <p>{t!(texts, "revert-dead-text", life = life(texts, ssr::lifetimes().link(Purpose::RevertEmail)))}</p>
        <p>{t!(texts, "revert-dead-help")} {support}</p>
        <p><a class="button" href="/forgot-password">{t!(texts, "revert-dead-reset")}</a></p>
        <p class="footnote"><a href="/login">{t!(texts, "undo-sign-in")}</a></p>
    }
    .into_any()
}

/// Who helps where the link cannot.
fn support(texts: Texts, address: &str) -> AnyView {
    let text = t!(texts, "revert-dead-support", address = slot(0));
    let link = view! { <a href=format!("mailto:{address}")><bdi>{address.to_owned()}</bdi></a> };
    view! { " " <Sentence text parts=vec![link.into_any()]/> }.into_any()
}
