use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use vestibule_core::{AuthError, Field, FieldCode};
use vestibule_i18n::{Texts, t};

use super::actions::Register;
use crate::components::{
    Button, Carried, EmailField, Form, PasswordField, Sentence, card, name_fields, slot,
};
use crate::return_to::ReturnTo;
use crate::ssr::{self, Visit};

#[component]
pub fn RegisterPage() -> impl IntoView {
    ssr::page(render)
}

async fn render(visit: Visit) -> Result<AnyView, AuthError> {
    let return_to = visit.return_to();
    if visit.principal().await?.is_some() {
        return Ok(visit.leave(return_to.path()));
    }
    let texts = visit.texts();
    let flash = visit.take_flash();
    let errors = visit.field_errors(&flash);
    let is_taken = flash.field_error(Field::Email) == Some(FieldCode::Taken);
    let sign_in = return_to.link("/login");
    let taken_help = is_taken.then(|| taken_help(texts, &return_to));
    let sign_in = view! { <a href=sign_in>{t!(texts, "register-known-link")}</a> };
    let names = name_fields(flash.value("first_name"), flash.value("last_name"), &errors);
    let (email, email_error) = (flash.value("email"), errors.of(Field::Email));
    let (min_length, error) = (visit.min_password_length(), errors.of(Field::Password));
    let content = view! {
        <Form action=Register::PATH>
            <Carried return_to=return_to.clone()/>
            {names}
            <EmailField value=email error=email_error help=taken_help/>
            <PasswordField
                name="password"
                label=t!(texts, "label-password")
                autocomplete="new-password"
                min_length
                error
            />
            <Button>{t!(texts, "register-button")}</Button>
        </Form>
        <p class="footnote">
            <Sentence text=t!(texts, "register-known", link = slot(0)) parts=vec![sign_in.into_any()]/>
        </p>
    };
    let heading = t!(texts, "register-heading");
    Ok(card(&visit, heading, &flash, errors.list(), content))
}

/// A taken address is no dead end.
fn taken_help(texts: Texts, return_to: &ReturnTo) -> AnyView {
    let (sign_in, reset) = (return_to.link("/login"), return_to.link("/forgot-password"));
    let text = t!(texts, "register-taken", sign_in = slot(0), reset = slot(1));
    let sign_in = view! { <a href=sign_in>{t!(texts, "register-taken-sign-in")}</a> };
    let reset = view! { <a href=reset>{t!(texts, "register-taken-reset")}</a> };
    let parts = vec![sign_in.into_any(), reset.into_any()];
    view! { " " <Sentence text parts/> }.into_any()
}
