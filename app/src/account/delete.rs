use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use vestibule_core::AuthError;
use vestibule_core::model::{Principal, Purpose};
use vestibule_i18n::{Texts, life, t};

use super::changes::DeleteAccount;
use super::frame::{self, Tab, password_again};
use crate::components::{Button, ButtonStyle, FieldError, Form};
use crate::flash::CONFIRM;
use crate::ssr::{self, Visit};

#[component]
pub fn DeletePage() -> impl IntoView {
    ssr::account_page(render)
}

async fn render(visit: Visit, who: Principal) -> Result<AnyView, AuthError> {
    let flash = visit.take_flash();
    let texts = visit.texts();
    let is_unticked = flash.is_unticked();
    let is_ticked = !flash.value(CONFIRM).is_empty();
    let password = password_again(&visit, &who, &flash);
    let delay = life(texts, ssr::lifetimes().link(Purpose::RestoreAccount));
    let content = view! {
        <section class="panel danger-zone" aria-labelledby="what">
            <h2 id="what">{t!(texts, "account-delete-what")}</h2>
            <ol class="steps">
                <li>{t!(texts, "account-delete-first")}</li>
                <li>{t!(texts, "account-delete-second", life = delay)}</li>
                <li>{t!(texts, "account-delete-third")}</li>
            </ol>
            <p>
                {t!(texts, "account-delete-data")}
                " "
                <a href="/account/activity#data">{t!(texts, "account-delete-data-link")}</a>
            </p>
            <Form action=DeleteAccount::PATH>
                {password}
                <Confirmation texts is_ticked is_unticked/>
                <Button style=ButtonStyle::Danger>{t!(texts, "account-delete-button")}</Button>
            </Form>
            <p class="aside"><a href="/account">{t!(texts, "account-delete-keep")}</a></p>
        </section>
    };
    Ok(frame::page(&visit, Tab::Delete, &flash, content))
}

#[component]
fn Confirmation(texts: Texts, is_ticked: bool, is_unticked: bool) -> impl IntoView {
    view! {
        <div class="field">
            <FieldError name=CONFIRM error=is_unticked.then(|| t!(texts, "account-delete-unticked"))/>
            <div class="checkbox">
                <input
                    id=CONFIRM
                    name=CONFIRM
                    type="checkbox"
                    checked=is_ticked
                    required
                    aria-describedby=is_unticked.then_some("confirm-error")
                    aria-invalid=is_unticked.then_some("true")
                />
                <label for=CONFIRM>{t!(texts, "account-delete-confirm")}</label>
            </div>
        </div>
    }
}
