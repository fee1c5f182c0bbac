use leptos::prelude::*;
use vestibule_core::{AuthError, KnownAccount};

use crate::flash::{Flash, Form, Notice};
use crate::return_to::ReturnTo;
use crate::ssr::{MailedLink, Visit};

/// Mails a link. Whether the address has an account does not show.
#[server(prefix = "/_fn", endpoint = "forgot_password")]
pub async fn forgot_password(
    #[server(default)] email: String,
    #[server(default)] return_to: String,
) -> Result<(), ServerFnError> {
    let page = Form::ForgotPassword.page();
    let visit = Visit::current()?;
    let flash = match visit
        .auth()
        .request_password_reset(&email, &visit.meta())
        .await
    {
        Ok(()) => {
            // What is waiting in this browser is about an earlier mail.
            visit.drop_token(MailedLink::ResetPassword);
            Flash::notice(page, Notice::ResetSent)
        }
        Err(error) => Flash::refused(Form::ForgotPassword, error),
    };
    let to = ReturnTo::parse(&return_to).link(page);
    visit.show_at(&to, &flash.keep("email", &email));
    Ok(())
}

/// Mails a new link in the place of the dead one that this browser followed, to the same address.
#[server(prefix = "/_fn", endpoint = "send_new_reset_link")]
pub async fn send_new_reset_link() -> Result<(), ServerFnError> {
    let visit = Visit::current()?;
    visit.show(&match mail_again(&visit).await {
        Ok(()) => {
            visit.drop_token(MailedLink::ResetPassword);
            Flash::notice(Form::ForgotPassword.page(), Notice::ResetSent)
        }
        Err(error) => Flash::refused(Form::ResetPassword, error),
    });
    Ok(())
}

async fn mail_again(visit: &Visit) -> Result<(), AuthError> {
    let token = visit.needed_token(MailedLink::ResetPassword)?;
    let auth = visit.auth();
    auth.request_password_reset_by_link(&token, &visit.meta())
        .await
}

/// Uses up the link that this browser followed. It signs nobody in.
#[server(prefix = "/_fn", endpoint = "reset_password")]
pub async fn reset_password(#[server(default)] new_password: String) -> Result<(), ServerFnError> {
    let visit = Visit::current()?;
    let flash = match reset(&visit, new_password).await {
        Ok(known) => {
            visit.drop_token(MailedLink::ResetPassword);
            visit.remember(known);
            Flash::notice("/login", Notice::PasswordReset)
        }
        Err(error) => Flash::refused(Form::ResetPassword, error),
    };
    visit.show(&flash);
    Ok(())
}

async fn reset(visit: &Visit, new_password: String) -> Result<KnownAccount, AuthError> {
    let token = visit.needed_token(MailedLink::ResetPassword)?;
    let auth = visit.auth();
    auth.reset_password(&token, &new_password.into(), &visit.meta())
        .await
}
