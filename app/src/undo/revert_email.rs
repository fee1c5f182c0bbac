use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use vestibule_core::{AuthError, RevertLink};
use vestibule_i18n::{Texts, life, t};

use super::actions::RevertEmail;
use crate::components::{Button, ErrorSummary, Form, Layout, Sentence, slot};
use crate::flash::Flash;
use crate::messages;
use crate::ssr::{self, MailedLink, Visit};

#[component]
pub fn RevertEmailPage() -> impl IntoView {
    ssr::link_page(MailedLink::RevertEmail, render)
}

async fn render(visit: Visit, token: Option<String>) -> Result<AnyView, AuthError> {
    let flash = visit.take_flash();
    let link = match token {
        Some(token) => visit.auth().revert_link(&token).await?,
        None => None,
    };
    Ok(match link {
        Some(link) => ask(&visit, &flash, link),
        None => dead_link(&visit, &flash),
    })
}

/// The link works: one button uses it. A GET must not, because mail scanners follow links.
fn ask(visit: &Visit, flash: &Flash, link: RevertLink) -> AnyView {
    let texts = visit.texts();
    let message = messages::error(texts, flash);
    view! {
        <Layout
            product_name=visit.product_name()
            heading=t!(texts, "revert-heading")
            has_error=message.is_some()
        >
            <ErrorSummary message/>
            <p>{t!(texts, "revert-address")} " " <bdi class="address">{link.email}</bdi></p>
            <p>{t!(texts, "revert-text")}</p>
            <Form action=RevertEmail::PATH>
                <Button>{t!(texts, "revert-button")}</Button>
            </Form>
        </Layout>
    }
    .into_any()
}

fn dead_link(visit: &Visit, flash: &Flash) -> AnyView {
    let texts = visit.texts();
    let message = messages::error(texts, flash);
    let support = ssr::branding()
        .support
        .as_ref()
        .map(|address| support(texts, address));
    view! {
        <Layout
            product_name=visit.product_name()
            heading=t!(texts, "revert-dead-heading")
            has_error=message.is_some()
        >
            <ErrorSummary message/>
            <p>{t!(texts, "revert-dead-text", life = life(texts, ssr::lifetimes().revert_email_link))}</p>
            <p>{t!(texts, "revert-dead-help")} {support}</p>
            <p><a class="button" href="/forgot-password">{t!(texts, "revert-dead-reset")}</a></p>
            <p class="footnote"><a href="/login">{t!(texts, "undo-sign-in")}</a></p>
        </Layout>
    }
    .into_any()
}

/// Who helps where the link cannot.
fn support(texts: Texts, address: &str) -> AnyView {
    let text = t!(texts, "revert-dead-support", address = slot(0));
    let link = view! { <a href=format!("mailto:{address}")><bdi>{address.to_owned()}</bdi></a> };
    view! { " " <Sentence text parts=vec![link.into_any()]/> }.into_any()
}
