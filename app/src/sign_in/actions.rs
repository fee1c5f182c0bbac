use leptos::prelude::*;
use vestibule_core::AuthError;
use vestibule_core::model::SessionKind;

use crate::flash::{Flash, Form};
use crate::return_to::ReturnTo;
use crate::ssr::{MailedLink, Visit};

#[server(prefix = "/_fn", endpoint = "sign_in")]
pub async fn sign_in(
    #[server(default)] email: String,
    #[server(default)] password: String,
    #[server(default)] remember_me: Option<String>,
    #[server(default)] return_to: String,
) -> Result<(), ServerFnError> {
    let visit = Visit::current()?;
    let return_to = ReturnTo::parse(&return_to);
    let is_persistent = remember_me.is_some();
    match begin(&visit, email.clone(), password, is_persistent).await {
        Ok(()) => {
            // A link that waits in this browser may be another account's.
            visit.drop_token(MailedLink::VerifyEmail);
            visit.redirect(return_to.path());
        }
        Err(error) => {
            let remember_me = if is_persistent { "on" } else { "" };
            let flash = Flash::refused(Form::SignIn, error)
                .keep("email", &email)
                .keep("remember_me", remember_me);
            visit.show_at(&return_to.link(Form::SignIn.page()), &flash);
        }
    }
    Ok(())
}

/// Signs the browser in.
pub async fn begin(
    visit: &Visit,
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
        known_accounts: visit.known_accounts(),
    };
    let signed_in = visit.auth().sign_in(command, &visit.meta()).await?;
    visit.begin_session(&signed_in).await?;
    Ok(())
}
