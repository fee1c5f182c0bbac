use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use vestibule_core::{AuthError, Field, FieldCode};
use vestibule_i18n::{Texts, t};

use super::actions::Register;
use crate::components::{
    Button, Carried, ErrorSummary, Form, Layout, PasswordField, Sentence, TextField, slot,
};
use crate::messages;
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
    let is_taken = flash.fault(Field::Email) == Some(FieldCode::Taken);
    let sign_in = return_to.link("/login");
    let taken_help = is_taken.then(|| taken_help(texts, &return_to));
    let sign_in = view! { <a href=sign_in>{t!(texts, "register-known-link")}</a> };
    let view = view! {
        <Layout
            product_name=visit.product_name()
            heading=t!(texts, "register-heading")
            has_error=flash.error().is_some()
        >
            <ErrorSummary message=messages::error(texts, &flash) fields=errors.list()/>
            <Form action=Register::PATH>
                <Carried return_to=return_to.clone()/>
                <div class="columns">
                    <TextField
                        name="first_name"
                        label=t!(texts, "label-first-name")
                        autocomplete="given-name"
                        required=false
                        value=flash.value("first_name")
                        error=errors.of(Field::FirstName)
                    />
                    <TextField
                        name="last_name"
                        label=t!(texts, "label-last-name")
                        autocomplete="family-name"
                        required=false
                        value=flash.value("last_name")
                        error=errors.of(Field::LastName)
                    />
                </div>
                <TextField
                    name="email"
                    label=t!(texts, "label-email")
                    kind="email"
                    inputmode="email"
                    autocomplete="username"
                    value=flash.value("email")
                    error=errors.of(Field::Email)
                    help=taken_help
                />
                <PasswordField
                    name="password"
                    label=t!(texts, "label-password")
                    autocomplete="new-password"
                    min_length=visit.min_password_length()
                    error=errors.of(Field::Password)
                />
                <Button>{t!(texts, "register-button")}</Button>
            </Form>
            <p class="footnote">
                <Sentence text=t!(texts, "register-known", link = slot(0)) parts=vec![sign_in.into_any()]/>
            </p>
        </Layout>
    };
    Ok(view.into_any())
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
