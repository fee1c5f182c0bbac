//! What the strength meter asks while a new password is being typed.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use vestibule_core::AuthError;

use super::request::Visit;

/// What the meter shows. Nothing of the password comes back.
#[derive(Serialize, Deserialize)]
pub struct Strength {
    /// Whether the form would be accepted with it.
    ok: bool,
    /// `ok`, the code of the rule that it breaks, or why there is no answer.
    code: String,
    /// 0 to 4.
    score: u8,
}

/// Rates a new password by the rules that its form is going to meet. The page works without; who
/// was refused gets the status of the refusal.
#[server(prefix = "/_fn", endpoint = "password_strength")]
pub async fn password_strength(
    #[server(default)] password: String,
    #[server(default)] email: String,
    #[server(default)] first_name: String,
    #[server(default)] last_name: String,
) -> Result<Strength, ServerFnError> {
    let visit = Visit::current()?;
    let typed = vec![email, first_name, last_name];
    let (code, score) = match rate(&visit, password, typed).await {
        Ok(strength) => {
            let code = strength.error.map_or("ok", |error| error.as_str());
            (code, strength.score)
        }
        Err(error) => (visit.refuse(error).as_str(), 0),
    };
    Ok(Strength {
        ok: code == "ok",
        code: code.to_owned(),
        score,
    })
}

async fn rate(
    visit: &Visit,
    password: String,
    mut own_words: Vec<String>,
) -> Result<vestibule_core::PasswordStrength, AuthError> {
    // The form that changes a password does not ask for what the session knows.
    if let Some(who) = visit.principal().await? {
        own_words.push(who.user.email);
        own_words.extend(who.user.first_name);
        own_words.extend(who.user.last_name);
    }
    let auth = visit.auth();
    auth.password_strength(password.into(), own_words, &visit.meta())
        .await
}
