use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use vestibule_core::{AuthError, RestoreLink};
use vestibule_i18n::{life, t};

use super::actions::RestoreAccount;
use crate::components::{Button, ErrorSummary, Form, Layout};
use crate::dates::exact;
use crate::flash::Flash;
use crate::messages;
use crate::ssr::{self, MailedLink, Visit};

#[component]
pub fn RestoreAccountPage() -> impl IntoView {
    ssr::link_page(MailedLink::RestoreAccount, render)
}

async fn render(visit: Visit, token: Option<String>) -> Result<AnyView, AuthError> {
    let flash = visit.take_flash();
    let link = match token {
        Some(token) => visit.auth().restore_link(&token).await?,
        None => None,
    };
    Ok(match link {
        Some(link) => ask(&visit, &flash, link),
        None => dead_link(&visit, &flash),
    })
}

/// The link works: one button uses it. A GET must not, because mail scanners follow links.
fn ask(visit: &Visit, flash: &Flash, link: RestoreLink) -> AnyView {
    let texts = visit.texts();
    let message = messages::error(texts, flash);
    let until = exact(texts, link.delete_at);
    view! {
        <Layout
            product_name=visit.product_name()
            heading=t!(texts, "restore-heading")
            has_error=message.is_some()
        >
            <ErrorSummary message/>
            <p>{t!(texts, "restore-address")} " " <bdi class="address">{link.email}</bdi></p>
            <p>{t!(texts, "restore-text", until = until)}</p>
            <Form action=RestoreAccount::PATH>
                <Button>{t!(texts, "restore-button")}</Button>
            </Form>
        </Layout>
    }
    .into_any()
}

fn dead_link(visit: &Visit, flash: &Flash) -> AnyView {
    let texts = visit.texts();
    let message = messages::error(texts, flash);
    view! {
        <Layout
            product_name=visit.product_name()
            heading=t!(texts, "restore-dead-heading")
            has_error=message.is_some()
        >
            <ErrorSummary message/>
            <p>{t!(texts, "restore-dead-text", life = life(texts, ssr::lifetimes().deletion_delay))}</p>
            <p>{t!(texts, "restore-dead-help")}</p>
            <p><a class="button" href="/login">{t!(texts, "undo-sign-in")}</a></p>
            <p>{t!(texts, "restore-dead-again")}</p>
            <p><a class="button button-secondary" href="/forgot-password">{t!(texts, "restore-dead-reset")}</a></p>
            <p class="footnote"><a href="/register">{t!(texts, "restore-dead-register")}</a></p>
        </Layout>
    }
    .into_any()
}
