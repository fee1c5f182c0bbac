use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use vestibule_core::AuthError;
use vestibule_core::model::Principal;
use vestibule_i18n::t;

use super::frame::{self, Tab};
use crate::kit::{Button, Done, Form, Notice, PostForm, Visit, name_fields, sent};

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

pub async fn page(visit: Visit, who: Principal) -> Result<AnyView, AuthError> {
    let flash = visit.take_flash();
    let texts = visit.texts();
    let errors = visit.field_errors(&flash);
    let (first_name, last_name) = if flash.form == Some(Form::Profile) {
        // What was typed, also where a name was taken out.
        (flash.value("first_name"), flash.value("last_name"))
    } else {
        let known = |name: Option<String>| name.unwrap_or_default();
        (known(who.user.first_name), known(who.user.last_name))
    };
    let names = name_fields(first_name, last_name, &errors);
    let content = view! {
        <section class="panel">
            <p>{t!(texts, "account-profile-text")}</p>
            <PostForm action=UpdateProfile::PATH>
                {names}
                <Button>{t!(texts, "account-profile-save")}</Button>
            </PostForm>
        </section>
    };
    Ok(frame::page(&visit, Tab::Profile, &flash, content))
}
