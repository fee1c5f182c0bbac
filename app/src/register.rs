//! Creating an account.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use vestibule_core::model::SessionKind;
use vestibule_core::{AuthError, Field, FieldCode, Registered};
use vestibule_i18n::{Texts, t};

use crate::kit::{
    Button, Carried, Done, EmailField, Form, Notice, PasswordField, PostForm, ReturnTo, Sentence,
    Visit, card, link, name_fields, sent, slot, to_continue_to,
};

#[server(prefix = "/_fn", endpoint = "register")]
pub async fn register(
    #[server(default)] email: String,
    #[server(default)] password: String,
    #[server(default)] first_name: String,
    #[server(default)] last_name: String,
    #[server(default)] return_to: String,
) -> Result<(), ServerFnError> {
    let return_to = ReturnTo::parse(&return_to);
    let sent = sent(Form::Register)
        .before(&return_to)
        .typed("email", &email)
        .typed("first_name", &first_name)
        .typed("last_name", &last_name);
    let command = vestibule_core::Register {
        email,
        password: password.into(),
        first_name: Some(first_name),
        last_name: Some(last_name),
        kind: SessionKind::Browser,
    };
    sent.submit(|visit| async move {
        let registered = visit.auth().register(command, &visit.meta()).await?;
        if let Registered::SignedIn(signed_in) = registered {
            visit.begin_session(&signed_in).await?;
        }
        // In private mode the visitor is nobody yet: the code page needs the address.
        Ok(Done::at(return_to.link(Form::VerifyEmail.page()))
            .saying(Notice::Registered)
            .keeping_typed())
    })
    .await
}

pub async fn page(visit: Visit) -> Result<AnyView, AuthError> {
    let return_to = visit.return_to();
    if visit.principal().await?.is_some() {
        return Ok(visit.leave(return_to.path()));
    }
    let texts = visit.texts();
    let flash = visit.take_flash();
    let errors = visit.field_errors(&flash);
    let is_taken = flash.field_error(Field::Email) == Some(FieldCode::Taken);
    let taken_help = is_taken.then(|| taken_help(texts, &return_to));
    let sign_in = link(return_to.link("/login"), t!(texts, "register-known-link"));
    let names = name_fields(flash.value("first_name"), flash.value("last_name"), &errors);
    let (email, email_error) = (flash.value("email"), errors.of(Field::Email));
    let (min_length, error) = (visit.min_password_length(), errors.of(Field::Password));
    let app = visit.app_at(&return_to).await?;
    let content = view! {
        {to_continue_to(app.as_ref())}
        <PostForm action=Register::PATH>
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
        </PostForm>
        <p class="footnote">
            <Sentence text=t!(texts, "register-known", link = slot(0)) parts=vec![sign_in]/>
        </p>
    };
    let heading = t!(texts, "register-heading");
    Ok(card(&visit, heading, &flash, errors.list(), content))
}

/// A taken address is no dead end.
fn taken_help(texts: Texts, return_to: &ReturnTo) -> AnyView {
    let text = t!(texts, "register-taken", sign_in = slot(0), reset = slot(1));
    let sign_in = t!(texts, "register-taken-sign-in");
    let reset = t!(texts, "register-taken-reset");
    let parts = vec![
        link(return_to.link("/login"), sign_in),
        link(return_to.link("/forgot-password"), reset),
    ];
    view! { " " <Sentence text parts/> }.into_any()
}
