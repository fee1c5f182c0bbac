use leptos::prelude::*;
use vestibule_core::AuthError;

use crate::flash::{Flash, Form, Notice};
use crate::return_to::ReturnTo;
use crate::ssr::{MailedLink, Visit};

/// Uses up the code of the form, or the link that this browser followed if the form has no code.
#[server(prefix = "/_fn", endpoint = "verify_email")]
pub async fn verify_email(
    #[server(default)] email: String,
    #[server(default)] code: String,
    #[server(default)] return_to: String,
) -> Result<(), ServerFnError> {
    let visit = Visit::current()?;
    let return_to = ReturnTo::parse(&return_to);
    let token = visit
        .stowed_token(MailedLink::VerifyEmail)
        .filter(|_| code.is_empty());
    let (form, proof) = match token {
        Some(token) => (Form::ConfirmLink, vestibule_core::VerifyEmail::Token(token)),
        None => (
            Form::VerifyEmail,
            vestibule_core::VerifyEmail::Code {
                email: email.clone(),
                code,
            },
        ),
    };
    match verify(&visit, proof).await {
        Ok(true) => visit.show_at(
            return_to.path(),
            &Flash::notice("/account", Notice::EmailVerified),
        ),
        Ok(false) => visit.show_at(
            &return_to.link("/login"),
            &Flash::notice("/login", Notice::EmailVerified),
        ),
        Err(error) => visit.show_at(
            &return_to.link(form.page()),
            &Flash::refused(form, error).keep("email", &email),
        ),
    }
    Ok(())
}

/// Whether the visitor is signed in, once the address is confirmed.
async fn verify(visit: &Visit, proof: vestibule_core::VerifyEmail) -> Result<bool, AuthError> {
    visit.auth().verify_email(proof, &visit.meta()).await?;
    visit.drop_token(MailedLink::VerifyEmail);
    Ok(visit.principal().await?.is_some())
}

/// Sends the mail again. Whether the address has an account does not show.
#[server(prefix = "/_fn", endpoint = "resend_verification")]
pub async fn resend_verification(
    #[server(default)] email: String,
    #[server(default)] return_to: String,
) -> Result<(), ServerFnError> {
    let visit = Visit::current()?;
    let page = Form::ResendVerification.page();
    let flash = match visit
        .auth()
        .resend_verification(&email, &visit.meta())
        .await
    {
        Ok(()) => {
            // The link that is waiting is superseded: the page asks for the new code.
            visit.drop_token(MailedLink::VerifyEmail);
            Flash::notice(page, Notice::VerificationSent)
        }
        Err(error) => Flash::refused(Form::ResendVerification, error),
    };
    visit.show_at(
        &ReturnTo::parse(&return_to).link(page),
        &flash.keep("email", &email),
    );
    Ok(())
}
