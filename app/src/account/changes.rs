//! What the visitor changes of the account.

use leptos::prelude::*;
use time::OffsetDateTime;
use vestibule_core::AuthError;
use vestibule_core::model::Principal;

use crate::flash::{CONFIRM, Flash, Form, Notice};
use crate::return_to::ReturnTo;
use crate::ssr::{Visit, given};

/// Replaces the names; an empty one is removed.
#[server(prefix = "/_fn", endpoint = "update_profile")]
pub async fn update_profile(
    #[server(default)] first_name: String,
    #[server(default)] last_name: String,
) -> Result<(), ServerFnError> {
    let visit = Visit::current()?;
    match rename(&visit, first_name.clone(), last_name.clone()).await {
        Ok(()) => visit.show(&Flash::notice(Form::Profile.page(), Notice::ProfileUpdated)),
        Err(error) => visit.show_refusal(
            Form::Profile,
            error,
            &[("first_name", &first_name), ("last_name", &last_name)],
        ),
    }
    Ok(())
}

async fn rename(visit: &Visit, first_name: String, last_name: String) -> Result<(), AuthError> {
    let who = visit.signed_in().await?;
    let command = vestibule_core::UpdateProfile {
        first_name: Some(first_name),
        last_name: Some(last_name),
    };
    let auth = visit.auth();
    auth.update_profile(&who, command, &visit.meta())
        .await
        .map(drop)
}

/// Replaces the password and this browser's session, and goes on to where the visitor wanted to.
#[server(prefix = "/_fn", endpoint = "change_password")]
pub async fn change_password(
    #[server(default)] current_password: String,
    #[server(default)] new_password: String,
    #[server(default)] return_to: String,
) -> Result<(), ServerFnError> {
    let visit = Visit::current()?;
    let return_to = ReturnTo::parse(&return_to);
    match replace_password(&visit, current_password, new_password).await {
        Ok(()) => visit.show_at(
            return_to.path(),
            &Flash::notice(return_to.page(), Notice::PasswordChanged),
        ),
        Err(error) => visit.show_refusal_before(&return_to, Form::ChangePassword, error),
    }
    Ok(())
}

async fn replace_password(
    visit: &Visit,
    current_password: String,
    new_password: String,
) -> Result<(), AuthError> {
    let who = visit.signed_in().await?;
    let command = vestibule_core::ChangePassword {
        current_password: current_password.into(),
        new_password: new_password.into(),
        replaces_session: true,
    };
    let auth = visit.auth();
    match auth.change_password(&who, command, &visit.meta()).await? {
        Some(signed_in) => visit.begin_session(&signed_in).await,
        None => Ok(()),
    }
}

/// Asks the new address whether it wants to be the account's.
#[server(prefix = "/_fn", endpoint = "change_email")]
pub async fn change_email(
    #[server(default)] new_email: String,
    #[server(default)] current_password: String,
) -> Result<(), ServerFnError> {
    let visit = Visit::current()?;
    match ask_new_address(&visit, new_email.clone(), current_password).await {
        Ok(()) => visit.show(&Flash::notice(
            Form::ChangeEmail.page(),
            Notice::EmailChangeRequested,
        )),
        Err(error) => {
            visit.show_refusal(Form::ChangeEmail, error, &[("new_email", &new_email)]);
        }
    }
    Ok(())
}

async fn ask_new_address(
    visit: &Visit,
    new_email: String,
    current_password: String,
) -> Result<(), AuthError> {
    let who = visit.signed_in().await?;
    let command = vestibule_core::ChangeEmail {
        new_email,
        password: given(current_password).map(Into::into),
    };
    let auth = visit.auth();
    auth.request_email_change(&who, command, &visit.meta())
        .await
}

/// Forgets the change that waits for the new address.
#[server(prefix = "/_fn", endpoint = "cancel_email_change")]
pub async fn cancel_email_change() -> Result<(), ServerFnError> {
    let visit = Visit::current()?;
    let result = cancel(&visit).await;
    visit.show_outcome(
        Form::ChangeEmail,
        result,
        Form::ChangeEmail.page(),
        Notice::EmailChangeCancelled,
    );
    Ok(())
}

async fn cancel(visit: &Visit) -> Result<(), AuthError> {
    let who = visit.signed_in().await?;
    visit.auth().cancel_email_change(&who, &visit.meta()).await
}

/// Notes that the visitor still knows the password, and goes back to what asked for it.
#[server(prefix = "/_fn", endpoint = "confirm_password")]
pub async fn confirm_password(
    #[server(default)] current_password: String,
    #[server(default)] return_to: String,
) -> Result<(), ServerFnError> {
    let visit = Visit::current()?;
    let return_to = ReturnTo::parse(&return_to);
    match confirm(&visit, current_password).await {
        Ok(()) => visit.show_at(
            return_to.path(),
            &Flash::notice(return_to.page(), Notice::PasswordConfirmed),
        ),
        Err(error) => visit.show_refusal_before(&return_to, Form::ConfirmPassword, error),
    }
    Ok(())
}

async fn confirm(visit: &Visit, current_password: String) -> Result<(), AuthError> {
    let who = visit.signed_in().await?;
    let auth = visit.auth();
    auth.confirm_password(&who, current_password.into(), &visit.meta())
        .await
}

/// Has the account go in a while, and signs out everywhere.
#[server(prefix = "/_fn", endpoint = "delete_account")]
pub async fn delete_account(
    #[server(default)] current_password: String,
    #[server(default)] confirm: Option<String>,
) -> Result<(), ServerFnError> {
    let visit = Visit::current()?;
    match schedule_deletion(&visit, current_password, confirm.is_some()).await {
        Ok(at) => {
            visit.clear_site_data();
            let at = at.unix_timestamp();
            visit.show(&Flash::notice("/login", Notice::DeletionScheduled { at }));
        }
        Err(error) => {
            let ticked = confirm.unwrap_or_default();
            visit.show_refusal(Form::DeleteAccount, error, &[(CONFIRM, &ticked)]);
        }
    }
    Ok(())
}

async fn schedule_deletion(
    visit: &Visit,
    current_password: String,
    is_confirmed: bool,
) -> Result<OffsetDateTime, AuthError> {
    let who = visit.signed_in().await?;
    let password = given(current_password);
    if !is_confirmed {
        return Err(unticked(visit, &who, password).await);
    }
    let password = password.map(Into::into);
    let auth = visit.auth();
    let at = auth.delete_account(&who, password, &visit.meta()).await?;
    // Done, whatever becomes of the cookie, whose session has ended with the others.
    if let Err(error) = visit.end_session().await {
        Visit::log(error);
    }
    Ok(at)
}

/// What to say where the box is not ticked: what is wrong with the password is told along with it.
async fn unticked(visit: &Visit, who: &Principal, password: Option<String>) -> AuthError {
    let auth = visit.auth();
    let checked = match password {
        Some(password) => {
            let meta = visit.meta();
            auth.confirm_password(who, password.into(), &meta).await
        }
        None if auth.is_recently_authenticated(who) => Ok(()),
        None => Err(AuthError::ReauthenticationRequired),
    };
    // The box is the page's own; the core has no field for it.
    checked
        .err()
        .unwrap_or_else(|| AuthError::ValidationFailed(Vec::new()))
}
