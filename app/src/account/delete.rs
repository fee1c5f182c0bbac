use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use time::OffsetDateTime;
use vestibule_core::AuthError;
use vestibule_core::model::{Principal, Purpose};
use vestibule_i18n::{Texts, life, t};

use super::frame::{self, Tab, password_again};
use crate::kit::{
    Button, ButtonStyle, CONFIRM, Done, FieldError, Form, Notice, PostForm, Visit, given,
    lifetimes, sent,
};

/// Has the account go in a while, and signs out everywhere.
#[server(prefix = "/_fn", endpoint = "delete_account")]
pub async fn delete_account(
    #[server(default)] current_password: String,
    #[server(default)] confirm: Option<String>,
) -> Result<(), ServerFnError> {
    sent(Form::DeleteAccount)
        .typed(CONFIRM, confirm.as_deref().unwrap_or_default())
        .submit_as(|visit, who| async move {
            let at = schedule_deletion(&visit, &who, current_password, confirm.is_some()).await?;
            visit.clear_site_data();
            let at = at.unix_timestamp();
            Ok(Done::at(Form::SignIn.page()).saying(Notice::DeletionScheduled { at }))
        })
        .await
}

async fn schedule_deletion(
    visit: &Visit,
    who: &Principal,
    current_password: String,
    is_confirmed: bool,
) -> Result<OffsetDateTime, AuthError> {
    let password = given(current_password);
    if !is_confirmed {
        return Err(unticked(visit, who, password).await);
    }
    let password = password.map(Into::into);
    let auth = visit.auth();
    let at = auth.delete_account(who, password, &visit.meta()).await?;
    // Done, whatever becomes of the cookie, whose session has ended with the others.
    if let Err(error) = visit.end_session().await {
        Visit::log(error);
    }
    Ok(at)
}

/// What to say where the box is not ticked: what is wrong with the password is shown along with it.
async fn unticked(visit: &Visit, who: &Principal, password: Option<String>) -> AuthError {
    let auth = visit.auth();
    let checked = match password {
        Some(password) => {
            let meta = visit.meta();
            auth.reauthenticate(who, password.into(), &meta).await
        }
        None if auth.is_recently_authenticated(who) => Ok(()),
        None => Err(AuthError::ReauthenticationRequired),
    };
    // The box is the page's own; the core has no field for it.
    checked
        .err()
        .unwrap_or_else(|| AuthError::ValidationFailed(Vec::new()))
}

pub async fn page(visit: Visit, who: Principal) -> Result<AnyView, AuthError> {
    let flash = visit.take_flash();
    let texts = visit.texts();
    let is_unticked = flash.is_unticked();
    let is_ticked = !flash.value(CONFIRM).is_empty();
    let password = password_again(&visit, &who, &flash);
    let delay = life(texts, lifetimes().link(Purpose::RestoreAccount));
    let content = view! {
        <section class="panel danger-zone" aria-labelledby="what">
            <h2 id="what">{t!(texts, "account-delete-what")}</h2>
            <ol class="steps">
                <li>{t!(texts, "account-delete-first")}</li>
                <li>{t!(texts, "account-delete-second", life = delay)}</li>
                <li>{t!(texts, "account-delete-third")}</li>
            </ol>
            <p>
                {t!(texts, "account-delete-data")}
                " "
                <a href="/account/activity#data">{t!(texts, "account-delete-data-link")}</a>
            </p>
            <PostForm action=DeleteAccount::PATH>
                {password}
                <Confirmation texts is_ticked is_unticked/>
                <Button style=ButtonStyle::Danger>{t!(texts, "account-delete-button")}</Button>
            </PostForm>
            <p class="aside"><a href="/account">{t!(texts, "account-delete-keep")}</a></p>
        </section>
    };
    Ok(frame::page(&visit, Tab::Delete, &flash, content))
}

#[component]
fn Confirmation(texts: Texts, is_ticked: bool, is_unticked: bool) -> impl IntoView {
    view! {
        <div class="field">
            <FieldError name=CONFIRM error=is_unticked.then(|| t!(texts, "account-delete-unticked"))/>
            <div class="checkbox">
                <input
                    id=CONFIRM
                    name=CONFIRM
                    type="checkbox"
                    checked=is_ticked
                    required
                    aria-describedby=is_unticked.then_some("confirm-error")
                    aria-invalid=is_unticked.then_some("true")
                />
                <label for=CONFIRM>{t!(texts, "account-delete-confirm")}</label>
            </div>
        </div>
    }
}
