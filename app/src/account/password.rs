use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use vestibule_core::model::{Principal, display_email};
use vestibule_core::{AuthError, Field};
use vestibule_i18n::t;

use super::changes::ChangePassword;
use super::frame::{self, Tab};
use crate::components::{Button, Carried, Form, PasswordField, current_password};
use crate::ssr::{self, Visit};

#[component]
pub fn PasswordPage() -> impl IntoView {
    ssr::account_page(render)
}

async fn render(visit: Visit, who: Principal) -> Result<AnyView, AuthError> {
    let flash = visit.take_flash();
    let texts = visit.texts();
    let errors = visit.field_errors(&flash);
    let min_length = visit.min_password_length();
    let return_to = visit.return_to();
    let forgotten = return_to.link("/forgot-password");
    let password = current_password(display_email(&who.user.email), &errors);
    let content = view! {
        <section class="panel">
            <p>{t!(texts, "account-password-text")}</p>
            <Form action=ChangePassword::PATH>
                <Carried return_to/>
                {password}
                <PasswordField
                    name="new_password"
                    label=t!(texts, "label-new-password")
                    autocomplete="new-password"
                    min_length
                    error=errors.of(Field::NewPassword)
                />
                <Button>{t!(texts, "account-password-save")}</Button>
            </Form>
            <p class="aside"><a href=forgotten>{t!(texts, "account-password-forgotten")}</a></p>
        </section>
    };
    Ok(frame::page(&visit, Tab::Password, &flash, content))
}
