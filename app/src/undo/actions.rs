use leptos::prelude::*;
use vestibule_core::AuthError;
use vestibule_core::model::User;

use crate::flash::{Flash, Form, Notice};
use crate::ssr::{MailedLink, Visit};

/// Gives the account its former address back. It signs nobody in: whoever changed the address may know the password, so
/// the way leads to a new one.
#[server(prefix = "/_fn", endpoint = "revert_email")]
pub async fn revert_email() -> Result<(), ServerFnError> {
    let visit = Visit::current()?;
    let flash = match revert(&visit).await {
        Ok(user) => {
            visit.drop_token(MailedLink::RevertEmail);
            Flash::notice("/forgot-password", Notice::EmailReverted).keep("email", &user.email)
        }
        Err(error) => Flash::refused(Form::RevertEmail, error),
    };
    visit.show(&flash);
    Ok(())
}

async fn revert(visit: &Visit) -> Result<User, AuthError> {
    let token = visit.needed_token(MailedLink::RevertEmail)?;
    let auth = visit.auth();
    auth.revert_email_change(&token, &visit.meta()).await
}

/// Keeps an account that was to be deleted. It signs nobody in.
#[server(prefix = "/_fn", endpoint = "restore_account")]
pub async fn restore_account() -> Result<(), ServerFnError> {
    let visit = Visit::current()?;
    let flash = match restore(&visit).await {
        Ok(user) => {
            visit.drop_token(MailedLink::RestoreAccount);
            Flash::notice("/login", Notice::DeletionCancelled).keep("email", &user.email)
        }
        Err(error) => Flash::refused(Form::RestoreAccount, error),
    };
    visit.show(&flash);
    Ok(())
}

async fn restore(visit: &Visit) -> Result<User, AuthError> {
    let token = visit.needed_token(MailedLink::RestoreAccount)?;
    let auth = visit.auth();
    auth.cancel_deletion(&token, &visit.meta()).await
}
