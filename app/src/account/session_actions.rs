//! What the visitor does to sessions.

use leptos::prelude::*;
use uuid::Uuid;
use vestibule_core::AuthError;

use crate::flash::{Form, Notice};
use crate::submit::{Done, sent, signed_in_as_on_the_page};

/// Signs this browser out. Doing it twice is no error.
#[server(prefix = "/_fn", endpoint = "sign_out")]
pub async fn sign_out() -> Result<(), ServerFnError> {
    sent(Form::Sessions)
        .submit(|visit| async move {
            if let Some(who) = signed_in_as_on_the_page(&visit).await? {
                visit.auth().sign_out(&who, &visit.meta()).await?;
            }
            visit.end_session().await?;
            visit.clear_site_data();
            Ok(Done::at(Form::SignIn.page()).saying(Notice::SignedOut))
        })
        .await
}

/// Ends one of the visitor's sessions.
#[server(prefix = "/_fn", endpoint = "revoke_session")]
pub async fn revoke_session(#[server(default)] session_id: String) -> Result<(), ServerFnError> {
    sent(Form::Sessions)
        .submit_as(|visit, who| async move {
            let session_id = Uuid::try_parse(&session_id).map_err(|_| AuthError::NotFound)?;
            let auth = visit.auth();
            auth.revoke_session(&who, session_id, &visit.meta()).await?;
            Ok(Done::at(Form::Sessions.page()).saying(Notice::SessionEnded))
        })
        .await
}

/// Ends all of the visitor's other sessions.
#[server(prefix = "/_fn", endpoint = "sign_out_others")]
pub async fn sign_out_others() -> Result<(), ServerFnError> {
    sent(Form::Sessions)
        .submit_as(|visit, who| async move {
            let auth = visit.auth();
            auth.sign_out_all(&who, true, &visit.meta()).await?;
            Ok(Done::at(Form::Sessions.page()).saying(Notice::OtherSessionsEnded))
        })
        .await
}
