use leptos::prelude::*;
use vestibule_core::model::{Purpose, display_email};

use crate::flash::{Form, Notice};
use crate::return_to::ReturnTo;
use crate::submit::{Done, sent};

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
    sent(Form::ResetPassword)
        .submit(|visit| async move {
            let token = visit.needed_token(Purpose::ResetPassword)?;
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
                .about(id, &done.email)
                .filling("email", &display_email(&done.email)))
        })
        .await
}
