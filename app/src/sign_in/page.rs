use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use vestibule_core::AuthError;
use vestibule_i18n::t;

use super::actions::SignIn;
use crate::components::{
    Button, Carried, Checkbox, EmailField, Form, PasswordField, Sentence, card, slot,
};
use crate::ssr::{self, Visit};

#[component]
pub fn SignInPage() -> impl IntoView {
    ssr::page(render)
}

async fn render(visit: Visit) -> Result<AnyView, AuthError> {
    let return_to = visit.return_to();
    if visit.principal().await?.is_some() {
        return Ok(visit.leave_with_notice(&return_to));
    }
    let texts = visit.texts();
    let flash = visit.take_flash();
    let register =
        view! { <a href=return_to.link("/register")>{t!(texts, "sign-in-new-link")}</a> };
    let email = flash.value("email");
    let remembers = !flash.value("remember_me").is_empty();
    let content = view! {
        <Form action=SignIn::PATH>
            <Carried return_to=return_to.clone()/>
            // Browsers with a passkey to offer ask for the second token;
            // the others read the first.
            <EmailField autocomplete="username webauthn" value=email/>
            <PasswordField
                name="password"
                label=t!(texts, "label-password")
                autocomplete="current-password"
                error=None
            />
            <p class="aside"><a href=return_to.link("/forgot-password")>{t!(texts, "sign-in-forgot")}</a></p>
            <Checkbox name="remember_me" label=t!(texts, "sign-in-remember") checked=remembers/>
            <Button>{t!(texts, "sign-in-button")}</Button>
        </Form>
        <p class="footnote">
            <Sentence text=t!(texts, "sign-in-new", link = slot(0)) parts=vec![register.into_any()]/>
        </p>
    };
    let heading = t!(texts, "sign-in-heading");
    Ok(card(&visit, heading, &flash, Vec::new(), content))
}
