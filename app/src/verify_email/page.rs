use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use vestibule_core::{AuthError, ErrorCode, Field};

use super::actions::{ResendVerification, VerifyEmail};
use crate::components::{
    Button, ButtonStyle, ErrorSummary, Form, HiddenField, Layout, NoticeBox, TextField,
};
use crate::flash::Flash;
use crate::messages;
use crate::return_to::ReturnTo;
use crate::ssr::{self, MailedLink, Visit};

#[component]
pub fn VerifyEmailPage() -> impl IntoView {
    ssr::page(render)
}

async fn render(visit: Visit) -> Result<AnyView, AuthError> {
    if visit.stow_token(MailedLink::VerifyEmail) {
        return Ok(().into_any());
    }
    let who = visit.principal().await?;
    let token = visit.stowed_token(MailedLink::VerifyEmail);
    let is_live = match &token {
        Some(token) => Some(visit.auth().verification_link_is_live(token).await?),
        None => None,
    };
    let flash = visit.take_flash();
    let return_to = visit.return_to();
    let is_confirmed = who.as_ref().is_some_and(|who| who.user.is_email_verified);
    let own_address = who.map(|who| who.user.email);
    Ok(match is_live {
        Some(true) => confirm_link(&visit, own_address.is_some(), &flash, return_to),
        // A link that was used up has nothing more to say to somebody whose address is confirmed.
        _ if is_confirmed => already_confirmed(&visit, &return_to),
        Some(false) => dead_link(&visit, own_address, &flash, return_to),
        None => enter_code(&visit, own_address, &flash, return_to),
    })
}

/// The link works: one button uses it. A GET must not, because mail scanners follow links.
fn confirm_link(visit: &Visit, is_signed_in: bool, flash: &Flash, return_to: ReturnTo) -> AnyView {
    let message = messages::error(flash);
    view! {
        <Layout
            product_name=visit.product_name()
            heading="Confirm your email address"
            has_error=message.is_some()
            is_signed_in
        >
            <ErrorSummary message/>
            <p>"One more step: press the button, and we know that this address is yours."</p>
            <Form action=VerifyEmail::PATH>
                <Carried return_to/>
                <Button>"Confirm my address"</Button>
            </Form>
        </Layout>
    }
    .into_any()
}

fn already_confirmed(visit: &Visit, return_to: &ReturnTo) -> AnyView {
    visit.drop_token(MailedLink::VerifyEmail);
    let next = return_to.path().to_owned();
    view! {
        <Layout product_name=visit.product_name() heading="Your email address is confirmed" is_signed_in=true>
            <p>"There is nothing left to do here."</p>
            <p><a class="button" href=next>"Continue"</a></p>
        </Layout>
    }
    .into_any()
}

fn dead_link(
    visit: &Visit,
    own_address: Option<String>,
    flash: &Flash,
    return_to: ReturnTo,
) -> AnyView {
    // Said once: a later visit is about another mail.
    visit.drop_token(MailedLink::VerifyEmail);
    let errors = visit.field_errors(flash);
    // What the page says anyway needs no summary.
    let message = messages::error(flash).filter(|_| flash.error() != Some(ErrorCode::InvalidToken));
    let is_signed_in = own_address.is_some();
    let typed = flash.value("email");
    let email = if typed.is_empty() {
        own_address.unwrap_or_default()
    } else {
        typed
    };
    view! {
        <Layout
            product_name=visit.product_name()
            heading="This link no longer works"
            has_error=message.is_some()
            is_signed_in
        >
            <ErrorSummary message fields=errors.list()/>
            <p>
                "It has expired, was already used, or a newer mail has replaced it. "
                "If you have confirmed your address already, there is nothing left to do."
            </p>
            <Form action=ResendVerification::PATH>
                <Carried return_to/>
                <TextField
                    name="email"
                    label="Email address"
                    kind="email"
                    inputmode="email"
                    autocomplete="email"
                    value=email
                    error=errors.of(Field::Email)
                />
                <Button>"Send a new link"</Button>
            </Form>
            <p class="footnote"><a href="/login">"Sign in"</a></p>
        </Layout>
    }
    .into_any()
}

/// Address and code in one form; its second button sends the mail again.
fn enter_code(
    visit: &Visit,
    own_address: Option<String>,
    flash: &Flash,
    return_to: ReturnTo,
) -> AnyView {
    let message = messages::error(flash);
    let errors = visit.field_errors(flash);
    let is_signed_in = own_address.is_some();
    let (link, link_text) = if is_signed_in {
        (return_to.path().to_owned(), "Do this later")
    } else {
        (return_to.link("/login"), "Sign in")
    };
    let news = flash.news();
    let typed = flash.value("email");
    let address = own_address.clone().map_or_else(
        || view! { "your address" }.into_any(),
        |address| view! { <strong class="address">{address}</strong> }.into_any(),
    );
    view! {
        <Layout
            product_name=visit.product_name()
            heading="Confirm your email address"
            has_error=message.is_some()
            is_signed_in
        >
            <NoticeBox news/>
            <ErrorSummary message fields=errors.list()/>
            <p>"Enter the six-digit code that we mailed to " {address} ", or open the link in the mail."</p>
            <Form action=VerifyEmail::PATH>
                <Carried return_to/>
                <Address own_address typed error=errors.of(Field::Email)/>
                <TextField
                    name="code"
                    label="Code"
                    class="code"
                    inputmode="numeric"
                    autocomplete="one-time-code"
                    pattern="[0-9 ]*"
                    hint="The code works for ten minutes, the link for a day."
                    error=errors.of(Field::Code)
                />
                <Button>"Confirm"</Button>
                <Button style=ButtonStyle::Secondary action=ResendVerification::PATH>"Send a new mail"</Button>
            </Form>
            <p class="footnote"><a href=link>{link_text}</a></p>
        </Layout>
    }
    .into_any()
}

/// Who is signed in need not type the address.
#[component]
fn Address(own_address: Option<String>, typed: String, error: Option<String>) -> impl IntoView {
    match own_address {
        Some(address) => view! { <HiddenField name="email" value=address/> }.into_any(),
        None => view! {
            <TextField
                name="email"
                label="Email address"
                kind="email"
                inputmode="email"
                autocomplete="email"
                value=typed
                error
            />
        }
        .into_any(),
    }
}

#[component]
fn Carried(return_to: ReturnTo) -> impl IntoView {
    return_to
        .field_value()
        .map(|path| view! { <HiddenField name="return_to" value=path/> })
}
