use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use vestibule_core::{AuthError, Field, FieldCode};

use super::actions::Register;
use crate::components::{
    Button, ErrorSummary, Form, HiddenField, Layout, PasswordField, TextField,
};
use crate::messages;
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
    let flash = visit.take_flash();
    let errors = visit.field_errors(&flash);
    let is_taken = flash.fault(Field::Email) == Some(FieldCode::Taken);
    let sign_in = return_to.link("/login");
    let taken_help = is_taken.then(|| taken_help(sign_in.clone()));
    let view = view! {
        <Layout product_name=visit.product_name() heading="Create your account" has_error=flash.error().is_some()>
            <ErrorSummary message=messages::error(&flash) fields=errors.list()/>
            <Form action=Register::PATH>
                {return_to.field_value().map(|path| view! { <HiddenField name="return_to" value=path/> })}
                <div class="columns">
                    <TextField
                        name="first_name"
                        label="First name"
                        autocomplete="given-name"
                        required=false
                        value=flash.value("first_name")
                        error=errors.of(Field::FirstName)
                    />
                    <TextField
                        name="last_name"
                        label="Last name"
                        autocomplete="family-name"
                        required=false
                        value=flash.value("last_name")
                        error=errors.of(Field::LastName)
                    />
                </div>
                <TextField
                    name="email"
                    label="Email address"
                    kind="email"
                    inputmode="email"
                    autocomplete="username"
                    value=flash.value("email")
                    error=errors.of(Field::Email)
                    help=taken_help
                />
                <PasswordField
                    name="password"
                    label="Password"
                    autocomplete="new-password"
                    min_length=visit.min_password_length()
                    error=errors.of(Field::Password)
                />
                <Button>"Create account"</Button>
            </Form>
            <p class="footnote">"You have an account? " <a href=sign_in>"Sign in"</a></p>
        </Layout>
    };
    Ok(view.into_any())
}

/// A taken address is no dead end.
fn taken_help(sign_in: String) -> AnyView {
    view! { " " <a href=sign_in>"Sign in"</a> " or " <a href="/forgot-password">"reset your password"</a> "." }.into_any()
}
