//! Getting back in when the password is forgotten: asking for a mail,
//! and setting a new password with its link.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use vestibule_core::model::Purpose;
use vestibule_core::{AuthError, Field, ResetLink};
use vestibule_i18n::t;

use crate::kit::{
    Button, Carried, Done, EmailField, Flash, Form, LinkForm, Notice, PostForm, ReturnTo, Sentence,
    Username, Visit, address, card, new_password, sent, slot, texts,
};

/// Mails a link. Whether the address has an account does not show.
#[server(prefix = "/_fn", endpoint = "forgot_password")]
pub async fn forgot_password(
    #[server(default)] email: String,
    #[server(default)] return_to: String,
) -> Result<(), ServerFnError> {
    let return_to = ReturnTo::parse(&return_to);
    sent(Form::ForgotPassword)
        .before(&return_to)
        .typed("email", &email)
        .submit(|visit| async move {
            let auth = visit.auth();
            auth.request_password_reset(&email, &visit.meta()).await?;
            Ok(Done::at(return_to.link(Form::ForgotPassword.page()))
                .saying(Notice::ResetSent)
                .keeping_typed())
        })
        .await
}

/// Mails a new link in the place of the dead one of the page, to the same address.
#[server(prefix = "/_fn", endpoint = "send_new_reset_link")]
pub async fn send_new_reset_link() -> Result<(), ServerFnError> {
    by_link(Form::ResetPassword, Purpose::ResetPassword).await
}

/// Mails a link to set a password to the account that another link was mailed to.
pub async fn by_link(form: Form, link: Purpose) -> Result<(), ServerFnError> {
    sent(form)
        .submit(|visit| async move {
            let token = visit.needed_token(link)?;
            let auth = visit.auth();
            auth.request_password_reset_by_link(&token, &visit.meta())
                .await?;
            Ok(Done::at(Form::ForgotPassword.page()).saying(Notice::ResetSent))
        })
        .await
}

/// Uses up the link of the page. It signs nobody in.
#[server(prefix = "/_fn", endpoint = "reset_password")]
pub async fn reset_password(#[server(default)] new_password: String) -> Result<(), ServerFnError> {
    sent(Form::ResetPassword)
        .submit(|visit| async move {
            let token = visit.needed_token(Purpose::ResetPassword)?;
            let auth = visit.auth();
            let done = auth
                .reset_password(&token, &new_password.into(), &visit.meta())
                .await?;
            let id = done.known_browser_proof.user_id;
            visit.remember(done.known_browser_proof);
            Ok(Done::at(Form::SignIn.page())
                .saying(Notice::PasswordReset)
                .about_and_for(id, &done.email))
        })
        .await
}

pub async fn forgot_page(visit: Visit) -> Result<AnyView, AuthError> {
    // For the header.
    visit.principal().await?;
    let return_to = visit.return_to();
    let texts = visit.texts();
    let flash = visit.take_flash();
    let errors = visit.field_errors(&flash);
    let (intro, button) = if flash.notice == Some(Notice::ResetSent) {
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

pub async fn page(visit: Visit, token: Option<String>) -> Result<AnyView, AuthError> {
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
        ResetLink::Live { email } => live_link(&visit, &flash, email),
        ResetLink::Dead { masked_email } => dead_link(&visit, &flash, masked_email),
    })
}

fn live_link(visit: &Visit, flash: &Flash, email: String) -> AnyView {
    let texts = visit.texts();
    let errors = visit.field_errors(flash);
    let password = new_password(visit, &errors);
    let content = view! {
        <LinkForm
            label=t!(texts, "reset-address")
            email=email.clone()
            text=t!(texts, "reset-intro").into_any()
            action=ResetPassword::PATH
            button=t!(texts, "reset-button")
        >
            <Username email/>
            {password}
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
        let text = t!(texts, "reset-dead-known", email = slot(0));
        view! {
            <p><Sentence text parts=vec![address(email)]/></p>
            <PostForm action=SendNewResetLink::PATH>
                <Button>{button}</Button>
            </PostForm>
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
        <PostForm action=ForgotPassword::PATH>
            <Carried return_to/>
            <EmailField value=email error/>
            <Button>{button}</Button>
        </PostForm>
    }
}

#[component]
fn BackToSignIn(#[prop(optional)] return_to: ReturnTo) -> impl IntoView {
    let sign_in = return_to.link("/login");
    view! { <p class="footnote"><a href=sign_in>{t!(texts(), "forgot-back")}</a></p> }
}
