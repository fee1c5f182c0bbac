use leptos::prelude::*;
use vestibule_core::model::Purpose;
use vestibule_core::{Abandoned, RequestMeta};

use crate::flash::{Form, Notice};
use crate::return_to::ReturnTo;
use crate::sign_in;
use crate::ssr::{Visit, given};
use crate::submit::{Done, Refusal, sent, signed_in_as_on_the_page};

/// Uses up the code of the form, or the link of its page. A browser that is not signed in to the
/// account gives its password as well, and is signed in then.
#[server(prefix = "/_fn", endpoint = "verify_email")]
pub async fn verify_email(
    #[server(default)] email: String,
    #[server(default)] code: String,
    #[server(default)] password: String,
    #[server(default)] return_to: String,
) -> Result<(), ServerFnError> {
    let has_link = Visit::current()?.sent().link.is_some();
    let return_to = ReturnTo::parse(&return_to);
    let form = if has_link {
        Form::ConfirmLink
    } else {
        Form::VerifyEmail
    };
    sent(form)
        .before(&return_to)
        .typed("email", &email)
        .submit(|visit| async move {
            let given_password = given(password.clone()).map(Into::into);
            let proof = if has_link {
                vestibule_core::VerifyEmail::Link {
                    token: visit.needed_token(Purpose::VerifyEmail)?,
                    password: given_password,
                }
            } else {
                vestibule_core::VerifyEmail::Code {
                    email,
                    code,
                    password: given_password,
                    from_browser: true,
                }
            };
            confirm(&visit, proof, password, &return_to).await
        })
        .await
}

async fn confirm(
    visit: &Visit,
    proof: vestibule_core::VerifyEmail,
    password: String,
    return_to: &ReturnTo,
) -> Result<Done, Refusal> {
    let who = signed_in_as_on_the_page(visit).await?;
    let auth = visit.auth();
    let verified = auth
        .verify_email(proof, who.as_ref(), &visit.meta())
        .await?;
    let notice = if verified.is_change {
        Notice::EmailChanged {
            is_former_notified: verified.is_former_notified,
        }
    } else {
        Notice::EmailVerified
    };
    let (id, email) = (verified.user.id, verified.user.email);
    let is_signed_in =
        who.is_some_and(|who| who.user.id == id) || signs_in(visit, email.clone(), password).await;
    let done = if is_signed_in {
        Done::returning(return_to)
    } else {
        Done::at(return_to.link(Form::SignIn.page()))
    };
    Ok(done.saying(notice).about(id, &email))
}

/// The address is confirmed whether this works or not: the
/// sign-in page says so, and takes the next attempt.
async fn signs_in(visit: &Visit, email: String, password: String) -> bool {
    // Also if nobody waits any more: the address is confirmed,
    // and the same form that was sent again has this answer too.
    let meta = RequestMeta {
        abandoned: Abandoned::default(),
        ..visit.meta()
    };
    match sign_in::begin(visit, &meta, email, password, false).await {
        Ok(()) => true,
        Err(error) => {
            Visit::log(error);
            false
        }
    }
}

/// Sends the mail again. Whether the address has an account does not show.
#[server(prefix = "/_fn", endpoint = "resend_verification")]
pub async fn resend_verification(
    #[server(default)] email: String,
    #[server(default)] return_to: String,
) -> Result<(), ServerFnError> {
    let return_to = ReturnTo::parse(&return_to);
    // The page of a dead link has this form too.
    let form = if Visit::current()?.sent().link.is_some() {
        Form::ResendByLink
    } else {
        Form::ResendVerification
    };
    sent(form)
        .before(&return_to)
        .typed("email", &email)
        .submit(|visit| async move {
            let auth = visit.auth();
            auth.resend_verification(&email, &visit.meta()).await?;
            Ok(resent(&return_to).keeping_typed())
        })
        .await
}

/// Sends the mail of a link that no longer works again, to the account that the link was for.
#[server(prefix = "/_fn", endpoint = "resend_by_link")]
pub async fn resend_by_link(#[server(default)] return_to: String) -> Result<(), ServerFnError> {
    let return_to = ReturnTo::parse(&return_to);
    sent(Form::ResendByLink)
        .before(&return_to)
        .submit(|visit| async move {
            let token = visit.needed_token(Purpose::VerifyEmail)?;
            let auth = visit.auth();
            auth.resend_verification_by_link(&token, &visit.meta())
                .await?;
            Ok(resent(&return_to))
        })
        .await
}

/// The page without the link asks for the new code.
fn resent(return_to: &ReturnTo) -> Done {
    Done::at(return_to.link(Form::VerifyEmail.page())).saying(Notice::VerificationSent)
}

/// For the owner of the mailbox who does not know the account's password, or did not make the
/// account: mails a link to set one.
#[server(prefix = "/_fn", endpoint = "reset_by_verify_link")]
pub async fn reset_by_verify_link() -> Result<(), ServerFnError> {
    sent(Form::ConfirmLink)
        .submit(|visit| async move {
            let token = visit.needed_token(Purpose::VerifyEmail)?;
            let auth = visit.auth();
            auth.request_password_reset_by_link(&token, &visit.meta())
                .await?;
            Ok(Done::at(Form::ForgotPassword.page()).saying(Notice::ResetSent))
        })
        .await
}
