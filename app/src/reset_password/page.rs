use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use vestibule_core::model::Purpose;
use vestibule_core::{AuthError, Field, ResetLink};
use vestibule_i18n::t;

use super::actions::{ForgotPassword, ResetPassword, SendNewResetLink};
use crate::components::{
    Button, Carried, EmailField, Form, LinkForm, PasswordField, Sentence, Username, card, slot,
};
use crate::flash::{Flash, Notice};
use crate::return_to::ReturnTo;
use crate::ssr::{self, Visit};

#[component]
pub fn ForgotPasswordPage() -> impl IntoView {
    ssr::page(render_forgot)
}

async fn render_forgot(visit: Visit) -> Result<AnyView, AuthError> {
    // For the header.
    visit.principal().await?;
    let return_to = visit.return_to();
    let texts = visit.texts();
    let flash = visit.take_flash();
    let errors = visit.field_errors(&flash);
    let (intro, button) = if flash.shown_notice() == Some(Notice::ResetSent) {
        (t!(texts, "forgot-again"), t!(texts, "forgot-button-again"))
    } else {
        (t!(texts, "forgot-intro"), t!(texts, "forgot-button"))
    };
    let content = view! {
        <p>{intro}</p>
        <RequestForm
            button
            email=flash.value("email")
            error=errors.of(Field::Email)
            return_to=return_to.clone()
        />
        <BackToSignIn return_to/>
    };
    let heading = t!(texts, "forgot-heading");
    Ok(card(&visit, heading, &flash, errors.list(), content))
}

#[component]
pub fn ResetPasswordPage() -> impl IntoView {
    ssr::link_page(Purpose::ResetPassword, render_reset)
}

async fn render_reset(visit: Visit, token: Option<String>) -> Result<AnyView, AuthError> {
    let flash = visit.take_flash();
    let Some(token) = token else {
        // A form without a link was sent, which no page has.
        let was_sent = flash.error().is_some();
        return Ok(if was_sent {
            dead_link(&visit, &flash, None)
        } else {
            no_link(&visit, &flash)
        });
    };
    Ok(match visit.auth().reset_link(&token).await? {
        ResetLink::Live { email } => new_password(&visit, &flash, email),
        ResetLink::Dead { masked_email } => dead_link(&visit, &flash, masked_email),
    })
}

fn new_password(visit: &Visit, flash: &Flash, email: String) -> AnyView {
    let texts = visit.texts();
    let errors = visit.field_errors(flash);
    let min_length = visit.min_password_length();
    let error = errors.of(Field::NewPassword);
    let content = view! {
        <LinkForm
            label=t!(texts, "reset-address")
            email=email.clone()
            text=t!(texts, "reset-intro").into_any()
            action=ResetPassword::PATH
            button=t!(texts, "reset-button")
        >
            <Username email/>
            <PasswordField
                name="new_password"
                label=t!(texts, "label-new-password")
                autocomplete="new-password"
                min_length
                error
            />
        </LinkForm>
    };
    let heading = t!(texts, "reset-heading");
    card(visit, heading, flash, errors.list(), content)
}

fn no_link(visit: &Visit, flash: &Flash) -> AnyView {
    let texts = visit.texts();
    let content = view! {
        <p>{t!(texts, "reset-no-link")}</p>
        <RequestForm button=t!(texts, "reset-no-link-button")/>
        <BackToSignIn/>
    };
    let heading = t!(texts, "reset-no-link-heading");
    card(visit, heading, flash, Vec::new(), content)
}

/// A new link takes one button where the dead one shows whose it was, and the address otherwise.
fn dead_link(visit: &Visit, flash: &Flash, masked_email: Option<String>) -> AnyView {
    let texts = visit.texts();
    let button = t!(texts, "reset-dead-button");
    let form = if let Some(email) = masked_email {
        let email = view! { <bdi class="address">{email}</bdi> };
        let text = t!(texts, "reset-dead-known", email = slot(0));
        view! {
            <p><Sentence text parts=vec![email.into_any()]/></p>
            <Form action=SendNewResetLink::PATH>
                <Button>{button}</Button>
            </Form>
        }
        .into_any()
    } else {
        view! { <RequestForm button/> }.into_any()
    };
    let content = view! {
        <p>{t!(texts, "reset-dead")}</p>
        {form}
        <BackToSignIn/>
    };
    let heading = t!(texts, "reset-dead-heading");
    card(visit, heading, flash, Vec::new(), content)
}

#[component]
fn RequestForm(
    #[prop(into)] button: String,
    #[prop(optional, into)] email: String,
    #[prop(optional_no_strip)] error: Option<String>,
    /// Where the visitor wants to go on to once signed in.
    #[prop(optional)]
    return_to: ReturnTo,
) -> impl IntoView {
    view! {
        <Form action=ForgotPassword::PATH>
            <Carried return_to/>
            <EmailField value=email error/>
            <Button>{button}</Button>
        </Form>
    }
}

#[component]
fn BackToSignIn(#[prop(optional)] return_to: ReturnTo) -> impl IntoView {
    let sign_in = return_to.link("/login");
    view! { <p class="footnote"><a href=sign_in>{t!(ssr::texts(), "forgot-back")}</a></p> }
}
