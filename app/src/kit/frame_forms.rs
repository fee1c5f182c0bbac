//! The forms that every page has: who is signed in can sign out, and anybody can choose a language.

use leptos::prelude::*;
use vestibule_core::AuthError;
use vestibule_core::model::Language;

use super::form::{Done, Form, Notice, sent, signed_in_as_on_the_page};
use super::request::Visit;
use super::return_to::ReturnTo;

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

/// Shows the same page in another language, from now on;
/// a user who is signed in on the page gets mails in it too.
#[server(prefix = "/_fn", endpoint = "set_language")]
pub async fn set_language(
    #[server(default)] language: String,
    #[server(default)] return_to: String,
) -> Result<(), ServerFnError> {
    let visit = Visit::current()?;
    if let Some(language) = Language::from_code(&language) {
        visit.keep_language(language);
        if let Err(error) = keep(&visit, language).await {
            // The page comes in the language all the same,
            // and says itself what is wrong if that goes on.
            Visit::log(error);
        }
    }
    visit.show_again(&ReturnTo::parse(&return_to));
    Ok(())
}

/// The browser's language is nobody's; an account's is changed on its own pages alone.
async fn keep(visit: &Visit, language: Language) -> Result<(), AuthError> {
    let of_page = visit.sent().account;
    let who = visit.principal().await?;
    let Some(who) = who.filter(|who| Some(who.user.id) == of_page) else {
        return Ok(());
    };
    let auth = visit.auth();
    auth.set_language(&who, language, &visit.meta()).await
}
