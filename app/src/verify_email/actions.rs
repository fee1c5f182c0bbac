use leptos::prelude::*;
use vestibule_core::{AuthError, LinkState};
use vestibule_web::Problem;

use crate::flash::{Flash, Form, Notice};
use crate::return_to::ReturnTo;
use crate::sign_in;
use crate::ssr::{MailedLink, Visit};

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
    is_signed_in: bool,
    notice: Notice,
}

async fn use_link(visit: &Visit, token: String, password: String) -> Result<Confirmed, AuthError> {
    let who = visit.principal().await?;
    let state = visit.auth().confirmation_link(&token, who.as_ref()).await?;
    let is_change = matches!(
        state,
        LinkState::Live {
            is_change: true,
            ..
        }
    );
    let proof = vestibule_core::VerifyEmail::Link {
        token,
        password: given(&password).map(Into::into),
    };
    Ok(Confirmed {
        is_signed_in: confirm(visit, proof, password).await?,
        notice: if is_change {
            Notice::EmailChanged
        } else {
            Notice::EmailVerified
        },
    })
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
        password: given(&password).map(Into::into),
        from_browser: true,
    };
    Ok(Confirmed {
        is_signed_in: confirm(visit, proof, password).await?,
        notice: Notice::EmailVerified,
    })
}

/// Whether the visitor is signed in to the account, once the address is confirmed.
async fn confirm(
    visit: &Visit,
    proof: vestibule_core::VerifyEmail,
    password: String,
) -> Result<bool, AuthError> {
    let who = visit.principal().await?;
    let auth = visit.auth();
    let user = auth
        .verify_email(proof, who.as_ref(), &visit.meta())
        .await?;
    visit.drop_token(MailedLink::VerifyEmail);
    if who.is_some_and(|who| who.user.id == user.id) {
        return Ok(true);
    }
    match sign_in::begin(visit, user.email, password, false).await {
        Ok(()) => Ok(true),
        // The address is confirmed all the same: the sign-in page says so, and takes the next attempt.
        Err(error) => {
            // Logs it.
            drop(Problem::from(error));
            Ok(false)
        }
    }
}

fn given(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| !text.is_empty())
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
    let result = match visit.stowed_token(MailedLink::VerifyEmail) {
        Some(token) => {
            let auth = visit.auth();
            auth.resend_verification_by_link(&token, &visit.meta())
                .await
        }
        None => Err(AuthError::InvalidToken),
    };
    show_resent(&visit, result, "", &return_to);
    Ok(())
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
    let result = match visit.stowed_token(MailedLink::VerifyEmail) {
        Some(token) => {
            let auth = visit.auth();
            auth.request_password_reset_by_link(&token, &visit.meta())
                .await
        }
        None => Err(AuthError::InvalidToken),
    };
    visit.show(&match result {
        Ok(()) => Flash::notice("/forgot-password", Notice::ResetSent),
        Err(error) => Flash::refused(Form::ConfirmLink, error),
    });
    Ok(())
}
