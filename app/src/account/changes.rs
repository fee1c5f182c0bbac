//! What the visitor changes of the account.

use leptos::prelude::*;
use time::OffsetDateTime;
use vestibule_core::AuthError;
use vestibule_core::model::Principal;

use crate::flash::{CONFIRM, Form, Notice};
use crate::return_to::ReturnTo;
use crate::ssr::{Visit, given};
use crate::submit::{Done, sent};

/// Replaces the names; an empty one is removed.
#[server(prefix = "/_fn", endpoint = "update_profile")]
pub async fn update_profile(
    #[server(default)] first_name: String,
    #[server(default)] last_name: String,
) -> Result<(), ServerFnError> {
    sent(Form::Profile)
        .typed("first_name", &first_name)
        .typed("last_name", &last_name)
        .submit_as(|visit, who| async move {
            let command = vestibule_core::UpdateProfile {
                first_name: Some(first_name),
                last_name: Some(last_name),
            };
            let auth = visit.auth();
            auth.update_profile(&who, command, &visit.meta()).await?;
            Ok(Done::at(Form::Profile.page()).saying(Notice::ProfileUpdated))
        })
        .await
}

/// Replaces the password and this browser's session, and goes on to where the visitor wanted to.
#[server(prefix = "/_fn", endpoint = "change_password")]
pub async fn change_password(
    #[server(default)] current_password: String,
    #[server(default)] new_password: String,
    #[server(default)] return_to: String,
) -> Result<(), ServerFnError> {
    let return_to = ReturnTo::parse(&return_to);
    sent(Form::ChangePassword)
        .before(&return_to)
        .submit_as(|visit, who| async move {
            let command = vestibule_core::ChangePassword {
                current_password: current_password.into(),
                new_password: new_password.into(),
                replaces_session: true,
            };
            let auth = visit.auth();
            let changed = auth.change_password(&who, command, &visit.meta()).await?;
            if let Some(signed_in) = changed {
                visit.begin_session(&signed_in).await?;
            }
            Ok(Done::returning(&return_to).saying(Notice::PasswordChanged))
        })
        .await
}

/// Asks the new address whether it wants to be the account's.
#[server(prefix = "/_fn", endpoint = "change_email")]
pub async fn change_email(
    #[server(default)] new_email: String,
    #[server(default)] current_password: String,
) -> Result<(), ServerFnError> {
    sent(Form::ChangeEmail)
        .typed("new_email", &new_email)
        .submit_as(|visit, who| async move {
            let command = vestibule_core::ChangeEmail {
                new_email,
                password: given(current_password).map(Into::into),
            };
            let auth = visit.auth();
            auth.request_email_change(&who, command, &visit.meta())
                .await?;
            Ok(Done::at(Form::ChangeEmail.page()).saying(Notice::EmailChangeRequested))
        })
        .await
}

/// Forgets the change that waits for the new address.
#[server(prefix = "/_fn", endpoint = "cancel_email_change")]
pub async fn cancel_email_change() -> Result<(), ServerFnError> {
    sent(Form::ChangeEmail)
        .submit_as(|visit, who| async move {
            let auth = visit.auth();
            auth.cancel_email_change(&who, &visit.meta()).await?;
            Ok(Done::at(Form::ChangeEmail.page()).saying(Notice::EmailChangeCancelled))
        })
        .await
}

/// Notes that the visitor still knows the password, and goes back to what asked for it.
#[server(prefix = "/_fn", endpoint = "confirm_password")]
pub async fn confirm_password(
    #[server(default)] current_password: String,
    #[server(default)] return_to: String,
) -> Result<(), ServerFnError> {
    let return_to = ReturnTo::parse(&return_to);
    sent(Form::ConfirmPassword)
        .before(&return_to)
        .submit_as(|visit, who| async move {
            let auth = visit.auth();
            auth.reauthenticate(&who, current_password.into(), &visit.meta())
                .await?;
            Ok(Done::returning(&return_to).saying(Notice::PasswordConfirmed))
        })
        .await
}

/// Has the account go in a while, and signs out everywhere.
#[server(prefix = "/_fn", endpoint = "delete_account")]
pub async fn delete_account(
    #[server(default)] current_password: String,
    #[server(default)] confirm: Option<String>,
) -> Result<(), ServerFnError> {
    sent(Form::DeleteAccount)
        .typed(CONFIRM, confirm.as_deref().unwrap_or_default())
        .submit_as(|visit, who| async move {
            let at = schedule_deletion(&visit, &who, current_password, confirm.is_some()).await?;
            visit.clear_site_data();
            let at = at.unix_timestamp();
            Ok(Done::at(Form::SignIn.page()).saying(Notice::DeletionScheduled { at }))
        })
        .await
}

async fn schedule_deletion(
    visit: &Visit,
    who: &Principal,
    current_password: String,
    is_confirmed: bool,
) -> Result<OffsetDateTime, AuthError> {
    let password = given(current_password);
    if !is_confirmed {
        return Err(unticked(visit, who, password).await);
    }
    let password = password.map(Into::into);
    let auth = visit.auth();
    let at = auth.delete_account(who, password, &visit.meta()).await?;
    // Done, whatever becomes of the cookie, whose session has ended with the others.
    if let Err(error) = visit.end_session().await {
        Visit::log(error);
    }
    Ok(at)
}

/// What to say where the box is not ticked: what is wrong with the password is shown along with it.
async fn unticked(visit: &Visit, who: &Principal, password: Option<String>) -> AuthError {
    let auth = visit.auth();
    let checked = match password {
        Some(password) => {
            let meta = visit.meta();
            auth.reauthenticate(who, password.into(), &meta).await
        }
        None if auth.is_recently_authenticated(who) => Ok(()),
        None => Err(AuthError::ReauthenticationRequired),
    };
    // The box is the page's own; the core has no field for it.
    checked
        .err()
        .unwrap_or_else(|| AuthError::ValidationFailed(Vec::new()))
}
