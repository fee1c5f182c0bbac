use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use vestibule_core::AuthError;
use vestibule_core::model::{Principal, display_email};
use vestibule_i18n::t;

use crate::kit::{
    Button, Carried, Done, Form, Notice, PostForm, ReturnTo, Visit, card, current_password, sent,
};

/// Notes that the visitor still knows the password, and goes back to what asked for it.
#[server(prefix = "/_fn", endpoint = "confirm_password")]
pub async fn reauthenticate(
    #[server(default)] current_password: String,
    #[server(default)] return_to: String,
) -> Result<(), ServerFnError> {
    let return_to = ReturnTo::parse(&return_to);
    sent(Form::Reauthenticate)
        .before(&return_to)
        .submit_as(|visit, who| async move {
            let auth = visit.auth();
            auth.reauthenticate(&who, current_password.into(), &visit.meta())
                .await?;
            Ok(Done::returning(&return_to).saying(Notice::Reauthenticated))
        })
        .await
}

/// Asks for the password before something that takes none itself, and goes back to it.
pub async fn page(visit: Visit, who: Principal) -> Result<AnyView, AuthError> {
    let return_to = visit.return_to();
    let is_asked = visit.is_asked_for_password(&return_to, &who).await?;
    if visit.auth().is_recently_authenticated(&who) && !is_asked {
        return Ok(visit.leave(return_to.path()));
    }
    let flash = visit.take_flash();
    let texts = visit.texts();
    let errors = visit.field_errors(&flash);
    let back = return_to.path().to_owned();
    let forgotten = return_to.link("/forgot-password");
    let password = current_password(display_email(&who.user.email), &errors);
    let content = view! {
        <p>{t!(texts, "account-confirm-text")}</p>
        <PostForm action=Reauthenticate::PATH>
            <Carried return_to=return_to/>
            {password}
            <Button>{t!(texts, "account-confirm-button")}</Button>
        </PostForm>
        <p class="footnote">
            <a href=forgotten>{t!(texts, "account-password-forgotten")}</a>
            " · "
            <a href=back>{t!(texts, "account-confirm-back")}</a>
        </p>
    };
    let heading = t!(texts, "account-confirm-heading");
    Ok(card(&visit, heading, &flash, errors.list(), content))
}
