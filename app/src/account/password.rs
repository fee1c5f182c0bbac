use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use vestibule_core::AuthError;
use vestibule_core::model::{Principal, display_email};
use vestibule_i18n::t;

use super::frame::{self, Tab};
use crate::kit::{
    Button, Carried, Done, Form, Notice, PostForm, ReturnTo, Visit, current_password, new_password,
    sent,
};

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

pub async fn page(visit: Visit, who: Principal) -> Result<AnyView, AuthError> {
    let flash = visit.take_flash();
    let texts = visit.texts();
    let errors = visit.field_errors(&flash);
    let return_to = visit.return_to();
    let forgotten = return_to.link("/forgot-password");
    let current = current_password(display_email(&who.user.email), &errors);
    let new = new_password(&visit, &errors);
    let content = view! {
        <section class="panel">
            <p>{t!(texts, "account-password-text")}</p>
            <PostForm action=ChangePassword::PATH>
                <Carried return_to/>
                {current}
                {new}
                <Button>{t!(texts, "account-password-save")}</Button>
            </PostForm>
            <p class="aside"><a href=forgotten>{t!(texts, "account-password-forgotten")}</a></p>
        </section>
    };
    Ok(frame::page(&visit, Tab::Password, &flash, content))
}
