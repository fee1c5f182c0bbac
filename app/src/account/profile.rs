use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use vestibule_core::AuthError;
use vestibule_core::model::Principal;
use vestibule_i18n::t;

use super::changes::UpdateProfile;
use super::frame::{self, Tab};
use crate::components::{Button, Form, name_fields};
use crate::flash;
use crate::ssr::{self, Visit};

#[component]
pub fn ProfilePage() -> impl IntoView {
    ssr::account_page(render)
}

async fn render(visit: Visit, who: Principal) -> Result<AnyView, AuthError> {
    let flash = visit.take_flash();
    let texts = visit.texts();
    let errors = visit.field_errors(&flash);
    let (first_name, last_name) = if flash.form() == Some(flash::Form::Profile) {
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
            <Form action=UpdateProfile::PATH>
                {names}
                <Button>{t!(texts, "account-profile-save")}</Button>
            </Form>
        </section>
    };
    Ok(frame::page(&visit, Tab::Profile, &flash, content))
}
