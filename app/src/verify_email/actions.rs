#![expect(
    clippy::unused_async,
    reason = "server functions are asynchronous, whatever they do"
)]

use leptos::prelude::*;
use vestibule_core::AuthError;

use crate::flash::{Flash, Form, Notice};
use crate::return_to::ReturnTo;
use crate::sign_in;
use crate::ssr::{MailedLink, Visit, given};

/// Uses up the code of the form, or the link that this browser followed if the form has no code. A browser that is not
/// signed in to the account gives its password as well, and is signed in then.
#[server(prefix = "/_fn", endpoint = "verify_email")]
pub async fn verify_email(
    #[server(default)] email: String,
    #[server(default)] code: String,
    #[server(default)] password: String,
    #[server(default)] return_to: String,
) -> Result<(), ServerFnError> {
    let visit = Visit::current()?;
    let return_to = ReturnTo::parse(&return_to);
    let token = visit
        .stowed_token(MailedLink::VerifyEmail)
        .filter(|_| code.is_empty());
    let (form, result) = match token {
        Some(token) => (Form::ConfirmLink, use_link(&visit, token, password).await),
        None => (
            Form::VerifyEmail,
            use_code(&visit, &email, code, password).await,
        ),
    };
    match result {
        Ok(confirmed) => {
            let (to, page) = if confirmed.is_signed_in {
                (return_to.path().to_owned(), return_to.page())
            } else {
                (return_to.link("/login"), "/login")
            };
            visit.show_at(&to, &Flash::notice(page, confirmed.notice));
        }
        Err(error) => visit.show_at(
            &return_to.link(form.page()),
            &Flash::refused(form, error).keep("email", &email),
        ),
    }
    Ok(())
}

struct Confirmed {
    /// To the account.
    is_signed_in: bool,
    notice: Notice,
}

async fn use_link(visit: &Visit, token: String, password: String) -> Result<Confirmed, AuthError> {
    let proof = vestibule_core::VerifyEmail::Link {
        token,
        password: given(password.clone()).map(Into::into),
    };
    confirm(visit, proof, password).await
}

async fn use_code(
    visit: &Visit,
    email: &str,
    code: String,
    password: String,
) -> Result<Confirmed, AuthError> {
    let proof = vestibule_core::VerifyEmail::Code {
        email: email.to_owned(),
        code,
        password: given(password.clone()).map(Into::into),
        from_browser: true,
    };
    confirm(visit, proof, password).await
}

async fn confirm(
    visit: &Visit,
    proof: vestibule_core::VerifyEmail,
    password: String,
) -> Result<Confirmed, AuthError> {
    let who = visit.principal().await?;
    let auth = visit.auth();
    let verified = auth
        .verify_email(proof, who.as_ref(), &visit.meta())
        .await?;
    visit.drop_token(MailedLink::VerifyEmail);
    let notice = if verified.is_change {
        Notice::EmailChanged {
            is_former_told: verified.is_former_told,
        }
    } else {
        Notice::EmailVerified
    };
    let is_signed_in = who.is_some_and(|who| who.user.id == verified.user.id)
        || signs_in(visit, verified.user.email, password).await;
    Ok(Confirmed {
        is_signed_in,
        notice,
    })
}

/// The address is confirmed whether this works or not: the sign-in page says so, and takes the next attempt.
async fn signs_in(visit: &Visit, email: String, password: String) -> bool {
    match sign_in::begin(visit, email, password, false).await {
        Ok(()) => true,
        Err(error) => {
            Visit::log(error);
            false
        }
    }
}

/// Puts the link away that this browser followed, and shows the form for a code.
#[server(prefix = "/_fn", endpoint = "enter_code")]
pub async fn enter_code(#[server(default)] return_to: String) -> Result<(), ServerFnError> {
    let visit = Visit::current()?;
    visit.drop_token(MailedLink::VerifyEmail);
    visit.redirect(&ReturnTo::parse(&return_to).link(Form::VerifyEmail.page()));
    Ok(())
}

/// Sends the mail again. Whether the address has an account does not show.
#[server(prefix = "/_fn", endpoint = "resend_verification")]
pub async fn resend_verification(
    #[server(default)] email: String,
    #[server(default)] return_to: String,
) -> Result<(), ServerFnError> {
    let visit = Visit::current()?;
    let result = visit
        .auth()
        .resend_verification(&email, &visit.meta())
        .await;
    show_resent(&visit, result, &email, &return_to);
    Ok(())
}

/// Sends the mail of a link that no longer works again, to the account that the link was for.
#[server(prefix = "/_fn", endpoint = "resend_by_link")]
pub async fn resend_by_link(#[server(default)] return_to: String) -> Result<(), ServerFnError> {
    let visit = Visit::current()?;
    let result = mail_again(&visit).await;
    show_resent(&visit, result, "", &return_to);
    Ok(())
}

async fn mail_again(visit: &Visit) -> Result<(), AuthError> {
    let token = visit.needed_token(MailedLink::VerifyEmail)?;
    let auth = visit.auth();
    auth.resend_verification_by_link(&token, &visit.meta())
        .await
}

fn show_resent(visit: &Visit, result: Result<(), AuthError>, email: &str, return_to: &str) {
    let page = Form::ResendVerification.page();
    let flash = match result {
        Ok(()) => {
            // The link that is waiting is superseded: the page asks for the new code.
            visit.drop_token(MailedLink::VerifyEmail);
            Flash::notice(page, Notice::VerificationSent)
        }
        Err(error) => Flash::refused(Form::ResendVerification, error),
    };
    visit.show_at(
        &ReturnTo::parse(return_to).link(page),
        &flash.keep("email", email),
    );
}

/// For the owner of the mailbox who does not know the account's password, or did not make the account: mails a link to
/// set one.
#[server(prefix = "/_fn", endpoint = "reset_by_verify_link")]
pub async fn reset_by_verify_link() -> Result<(), ServerFnError> {
    let visit = Visit::current()?;
    visit.show(&match mail_reset(&visit).await {
        Ok(()) => Flash::notice("/forgot-password", Notice::ResetSent),
        Err(error) => Flash::refused(Form::ConfirmLink, error),
    });
    Ok(())
}

async fn mail_reset(visit: &Visit) -> Result<(), AuthError> {
    let token = visit.needed_token(MailedLink::VerifyEmail)?;
    let auth = visit.auth();
    auth.request_password_reset_by_link(&token, &visit.meta())
        .await
}
