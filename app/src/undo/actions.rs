use leptos::prelude::*;
use vestibule_core::model::display_email;

use crate::flash::{Form, Notice};
use crate::ssr::MailedLink;
use crate::submit::{Done, sent};

/// Gives the account its former address back. It signs nobody in: whoever changed the address may
/// know the password, so the way leads to a new one.
#[server(prefix = "/_fn", endpoint = "revert_email")]
pub async fn revert_email() -> Result<(), ServerFnError> {
    sent(Form::RevertEmail)
        .submit(|visit| async move {
            let token = visit.needed_token(MailedLink::RevertEmail)?;
            let auth = visit.auth();
            let user = auth.revert_email_change(&token, &visit.meta()).await?;
            Ok(Done::at(Form::ForgotPassword.page())
                .saying(Notice::EmailReverted)
                .about(user.id, &user.email)
                .filling("email", &display_email(&user.email)))
        })
        .await
}

/// Keeps an account that was to be deleted. It signs nobody in.
#[server(prefix = "/_fn", endpoint = "restore_account")]
pub async fn restore_account() -> Result<(), ServerFnError> {
    sent(Form::RestoreAccount)
        .submit(|visit| async move {
            let token = visit.needed_token(MailedLink::RestoreAccount)?;
            let auth = visit.auth();
            let user = auth.cancel_deletion(&token, &visit.meta()).await?;
            Ok(Done::at(Form::SignIn.page())
                .saying(Notice::DeletionCancelled)
                .about(user.id, &user.email)
                .filling("email", &display_email(&user.email)))
        })
        .await
}
