use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use vestibule_core::{AuthError, Field};

use super::actions::{ForgotPassword, ResetPassword};
use crate::components::{Button, ErrorSummary, Form, Layout, NoticeBox, PasswordField, TextField};
use crate::flash::{Flash, Notice};
use crate::messages;
use crate::ssr::{self, MailedLink, Visit};

#[component]
pub fn ForgotPasswordPage() -> impl IntoView {
    ssr::page(render_forgot)
}

async fn render_forgot(visit: Visit) -> Result<AnyView, AuthError> {
    let is_signed_in = visit.principal().await?.is_some();
    let flash = visit.take_flash();
    let errors = visit.field_errors(&flash);
    let is_sent = flash.news() == Some(Notice::ResetSent);
    let view = view! {
        <Layout
            product_name=visit.product_name()
            heading="Forgot your password?"
            has_error=flash.error().is_some()
            is_signed_in
        >
            <NoticeBox news=flash.news()/>
            <ErrorSummary message=messages::error(&flash) fields=errors.list()/>
            {if is_sent {
                view! { <p>"Nothing there after a few minutes? Look into the spam folder, or send the mail again."</p> }
            } else {
                view! { <p>"Tell us your address, and we mail you a link to set a new one."</p> }
            }}
            <RequestForm button=if is_sent { "Send it again" } else { "Send the link" } email=flash.value("email") error=errors.of(Field::Email)/>
            <p class="footnote"><a href="/login">"Back to sign in"</a></p>
        </Layout>
    };
    Ok(view.into_any())
}

#[component]
pub fn ResetPasswordPage() -> impl IntoView {
    ssr::page(render_reset)
}

async fn render_reset(visit: Visit) -> Result<AnyView, AuthError> {
    if visit.stow_token(MailedLink::ResetPassword) {
        return Ok(().into_any());
    }
    let flash = visit.take_flash();
    let token = visit.stowed_token(MailedLink::ResetPassword);
    Ok(match token {
        // The form was sent after the cookie with the link had gone.
        None if flash.error().is_some() => dead_link(&visit),
        None => no_link(&visit),
        Some(token) if visit.auth().reset_link_is_live(&token).await? => {
            new_password(&visit, &flash)
        }
        Some(_) => dead_link(&visit),
    })
}

fn new_password(visit: &Visit, flash: &Flash) -> AnyView {
    let message = messages::error(flash);
    let errors = visit.field_errors(flash);
    let min_length = visit.min_password_length();
    view! {
        <Layout product_name=visit.product_name() heading="Set a new password" has_error=message.is_some()>
            <ErrorSummary message fields=errors.list()/>
            <p>"All your devices will be signed out."</p>
            // No username for password managers here: the link alone must not tell whose account it opens.
            <Form action=ResetPassword::PATH>
                <PasswordField
                    name="new_password"
                    label="New password"
                    autocomplete="new-password"
                    min_length
                    error=errors.of(Field::NewPassword)
                />
                <Button>"Set password"</Button>
            </Form>
        </Layout>
    }
    .into_any()
}

fn no_link(visit: &Visit) -> AnyView {
    view! {
        <Layout product_name=visit.product_name() heading="Reset your password">
            <p>"Open the link in the mail that we sent you. If you have none, ask for one here."</p>
            <RequestForm button="Send a link"/>
            <p class="footnote"><a href="/login">"Back to sign in"</a></p>
        </Layout>
    }
    .into_any()
}

fn dead_link(visit: &Visit) -> AnyView {
    visit.drop_token(MailedLink::ResetPassword);
    view! {
        <Layout product_name=visit.product_name() heading="This link no longer works">
            <p>"It has expired, was already used, or a newer mail has replaced it."</p>
            <RequestForm button="Send a new link"/>
            <p class="footnote"><a href="/login">"Back to sign in"</a></p>
        </Layout>
    }
    .into_any()
}

#[component]
fn RequestForm(
    button: &'static str,
    #[prop(optional, into)] email: String,
    #[prop(optional_no_strip)] error: Option<String>,
) -> impl IntoView {
    view! {
        <Form action=ForgotPassword::PATH>
            <TextField
                name="email"
                label="Email address"
                kind="email"
                inputmode="email"
                autocomplete="username"
                value=email
                error
            />
            <Button>{button}</Button>
        </Form>
    }
}
