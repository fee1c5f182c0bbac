use leptos::prelude::*;
use vestibule_core::AuthError;
use vestibule_core::model::Language;

use crate::return_to::ReturnTo;
use crate::ssr::Visit;

/// Shows the same page in another language, from now on; signed-in visitors get their mails in it too.
#[server(prefix = "/_fn", endpoint = "set_language")]
pub async fn set_language(
    #[server(default)] language: String,
    #[server(default)] return_to: String,
) -> Result<(), ServerFnError> {
    let visit = Visit::current()?;
    if let Some(language) = Language::from_code(&language) {
        visit.keep_language(language);
        if let Err(error) = keep(&visit, language).await {
            // The page comes in the language all the same, and says itself what is wrong if that goes on.
            Visit::log(error);
        }
    }
    visit.show_again(&ReturnTo::parse(&return_to));
    Ok(())
}

async fn keep(visit: &Visit, language: Language) -> Result<(), AuthError> {
    let Some(who) = visit.principal().await? else {
        return Ok(());
    };
    let auth = visit.auth();
    auth.set_language(&who, language, &visit.meta()).await
}
