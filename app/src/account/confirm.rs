use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use vestibule_core::AuthError;
use vestibule_core::model::{Principal, display_email};
use vestibule_i18n::t;

use super::changes::ConfirmPassword;
use crate::components::{Button, Carried, Form, card, current_password};
use crate::ssr::{self, Visit};

/// Asks for the password before something that takes none itself, and goes back to it.
#[component]
pub fn ConfirmPage() -> impl IntoView {
    ssr::account_page(render)
}

async fn render(visit: Visit, who: Principal) -> Result<AnyView, AuthError> {
    let return_to = visit.return_to();
    if visit.auth().is_recently_authenticated(&who) {
        return Ok(visit.leave(return_to.path()));
    }
    let flash = visit.take_flash();
    let texts = visit.texts();
    let errors = visit.field_errors(&flash);
    let back = return_to.path().to_owned();
    let forgotten = return_to.link("/forgot-password");
    let password = current_password(display_email(&who.user.email), &errors);
    let content = view! {
        <p>{t!(texts, "account-confirm-text")}</p>
        <Form action=ConfirmPassword::PATH>
            <Carried return_to=return_to/>
            {password}
            <Button>{t!(texts, "account-confirm-button")}</Button>
        </Form>
        <p class="footnote">
            <a href=forgotten>{t!(texts, "account-password-forgotten")}</a>
            " · "
            <a href=back>{t!(texts, "account-confirm-back")}</a>
        </p>
    };
    let heading = t!(texts, "account-confirm-heading");
    Ok(card(&visit, heading, &flash, errors.list(), content))
}
