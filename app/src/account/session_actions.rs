//! What the visitor does to sessions.

use leptos::prelude::*;
use uuid::Uuid;
use vestibule_core::AuthError;

use crate::flash::{Flash, Form, Notice};
use crate::ssr::Visit;

/// Signs this browser out. Doing it twice is no error.
#[server(prefix = "/_fn", endpoint = "sign_out")]
pub async fn sign_out() -> Result<(), ServerFnError> {
    let visit = Visit::current()?;
    let flash = match end(&visit).await {
        Ok(()) => {
            visit.clear_site_data();
            Flash::notice("/login", Notice::SignedOut)
        }
        Err(error) => Flash::refused(Form::Sessions, error),
    };
    visit.show(&flash);
    Ok(())
}

async fn end(visit: &Visit) -> Result<(), AuthError> {
    if let Some(who) = visit.principal().await? {
        visit.auth().sign_out(&who, &visit.meta()).await?;
    }
    visit.end_session().await
}

/// Ends one of the visitor's sessions.
#[server(prefix = "/_fn", endpoint = "revoke_session")]
pub async fn revoke_session(#[server(default)] session_id: String) -> Result<(), ServerFnError> {
    let visit = Visit::current()?;
    let result = revoke(&visit, &session_id).await;
    visit.show_outcome(
        Form::Sessions,
        result,
        Form::Sessions.page(),
        Notice::SessionEnded,
    );
    Ok(())
}

async fn revoke(visit: &Visit, session_id: &str) -> Result<(), AuthError> {
    let who = visit.signed_in().await?;
    let session_id = Uuid::try_parse(session_id).map_err(|_| AuthError::NotFound)?;
    visit
        .auth()
        .revoke_session(&who, session_id, &visit.meta())
        .await
}

/// Ends all of the visitor's other sessions.
#[server(prefix = "/_fn", endpoint = "sign_out_others")]
pub async fn sign_out_others() -> Result<(), ServerFnError> {
    let visit = Visit::current()?;
    let result = end_others(&visit).await;
    visit.show_outcome(
        Form::Sessions,
        result,
        Form::Sessions.page(),
        Notice::OtherSessionsEnded,
    );
    Ok(())
}

async fn end_others(visit: &Visit) -> Result<(), AuthError> {
    let who = visit.signed_in().await?;
    visit
        .auth()
        .sign_out_all(&who, true, &visit.meta())
        .await
        .map(drop)
}
