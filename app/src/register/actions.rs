use leptos::prelude::*;
use vestibule_core::Registered;
use vestibule_core::model::SessionKind;

use crate::flash::{Form, Notice};
use crate::return_to::ReturnTo;
use crate::submit::{Done, sent};

#[server(prefix = "/_fn", endpoint = "register")]
pub async fn register(
    #[server(default)] email: String,
    #[server(default)] password: String,
    #[server(default)] first_name: String,
    #[server(default)] last_name: String,
    #[server(default)] return_to: String,
) -> Result<(), ServerFnError> {
    let return_to = ReturnTo::parse(&return_to);
    let sent = sent(Form::Register)
        .before(&return_to)
        .typed("email", &email)
        .typed("first_name", &first_name)
        .typed("last_name", &last_name);
    let command = vestibule_core::Register {
        email,
        password: password.into(),
        first_name: Some(first_name),
        last_name: Some(last_name),
        kind: SessionKind::Browser,
    };
    sent.submit(|visit| async move {
        let registered = visit.auth().register(command, &visit.meta()).await?;
        if let Registered::SignedIn(signed_in) = registered {
            visit.begin_session(&signed_in).await?;
        }
        // In private mode the visitor is nobody yet: the code page needs the address.
        Ok(Done::at(return_to.link(Form::VerifyEmail.page()))
            .saying(Notice::Registered)
            .keeping_typed())
    })
    .await
}
