use leptos::prelude::*;
use vestibule_core::model::SessionKind;
use vestibule_core::{AuthError, RequestMeta};

use crate::flash::Form;
use crate::return_to::ReturnTo;
use crate::ssr::Visit;
use crate::submit::{Done, sent};

/// A user who was signed in on this browser before is signed out:
/// the form is nobody's, and says who it is for itself.
#[server(prefix = "/_fn", endpoint = "sign_in")]
pub async fn sign_in(
    #[server(default)] email: String,
    #[server(default)] password: String,
    #[server(default)] remember_me: Option<String>,
    #[server(default)] return_to: String,
) -> Result<(), ServerFnError> {
    let return_to = ReturnTo::parse(&return_to);
    let is_persistent = remember_me.is_some();
    sent(Form::SignIn)
        .before(&return_to)
        .typed("email", &email)
        .typed("remember_me", if is_persistent { "on" } else { "" })
        .submit(|visit| async move {
            begin(&visit, &visit.meta(), email, password, is_persistent).await?;
            Ok(Done::returning(&return_to))
        })
        .await
}

/// Signs the browser in.
pub async fn begin(
    visit: &Visit,
    meta: &RequestMeta,
    email: String,
    password: String,
    is_persistent: bool,
) -> Result<(), AuthError> {
    let command = vestibule_core::SignIn {
        email,
        password: password.into(),
        kind: SessionKind::Browser,
        is_persistent,
        device_name: None,
        known_browser_proofs: visit.known_browser_proofs(),
    };
    let signed_in = visit.auth().sign_in(command, meta).await?;
    visit.begin_session(&signed_in).await?;
    Ok(())
}
