use leptos::prelude::*;
use vestibule_core::model::SessionKind;
use vestibule_core::{AuthError, Registered};

use crate::flash::{Flash, Form, Notice};
use crate::return_to::ReturnTo;
use crate::ssr::{MailedLink, Visit};

#[server(prefix = "/_fn", endpoint = "register")]
pub async fn register(
    #[server(default)] email: String,
    #[server(default)] password: String,
    #[server(default)] first_name: String,
    #[server(default)] last_name: String,
    #[server(default)] return_to: String,
) -> Result<(), ServerFnError> {
    let visit = Visit::current()?;
    let return_to = ReturnTo::parse(&return_to);
    let command = vestibule_core::Register {
        email: email.clone(),
        password: password.into(),
        first_name: Some(first_name.clone()),
        last_name: Some(last_name.clone()),
        kind: SessionKind::Browser,
    };
    let (page, flash) = match create(&visit, command).await {
        // In private mode the visitor is nobody yet: the code page needs the address.
        Ok(()) => (
            "/verify-email",
            Flash::notice("/verify-email", Notice::Registered),
        ),
        Err(error) => (Form::Register.page(), Flash::refused(Form::Register, error)),
    };
    let flash = flash
        .keep("email", &email)
        .keep("first_name", &first_name)
        .keep("last_name", &last_name);
    visit.show_at(&return_to.link(page), &flash);
    Ok(())
}

async fn create(visit: &Visit, command: vestibule_core::Register) -> Result<(), AuthError> {
    let registered = visit.auth().register(command, &visit.meta()).await?;
    // A link that waits in this browser belongs to another account.
    visit.drop_token(MailedLink::VerifyEmail);
    match registered {
        Registered::SignedIn(signed_in) => {
            visit.begin_session(&signed_in).await?;
        }
        Registered::CheckInbox => {}
    }
    Ok(())
}
