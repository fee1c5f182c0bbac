//! Signing in.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use vestibule_core::model::SessionKind;
use vestibule_core::{AuthError, RequestMeta};
use vestibule_i18n::t;

use crate::kit::{
    Button, Carried, Done, EmailField, Form, PostForm, ReturnTo, Sentence, Visit, card, given,
    known_password, link, sent, slot, to_continue_to,
};

/// A user who was signed in on this browser before is signed out:
/// the form is nobody's, and says who it is for itself.
#[server(prefix = "/_fn", endpoint = "sign_in")]
pub async fn sign_in(
    #[server(default)] email: String,
    #[server(default)] password: String,
    #[server(default)] remember_me: Option<String>,
    #[server(default)] return_to: String,
) -> Result<(), ServerFnError> {
    let return_to = ReturnTo::parse(&return_to);
    let is_persistent = remember_me.is_some();
    sent(Form::SignIn)
        .before(&return_to)
        .typed("email", &email)
        .typed("remember_me", if is_persistent { "on" } else { "" })
        .submit(|visit| async move {
            begin(&visit, &visit.meta(), email, password, is_persistent).await?;
            Ok(Done::returning(&return_to))
        })
        .await
}

/// Signs the browser in.
pub async fn begin(
    visit: &Visit,
    meta: &RequestMeta,
    email: String,
    password: String,
    is_persistent: bool,
) -> Result<(), AuthError> {
    let command = vestibule_core::SignIn {
        email,
        password: password.into(),
        kind: SessionKind::Browser,
        is_persistent,
        device_name: None,
        known_browser_proofs: visit.known_browser_proofs(),
    };
    let signed_in = visit.auth().sign_in(command, meta).await?;
    visit.begin_session(&signed_in).await
}

pub async fn page(visit: Visit) -> Result<AnyView, AuthError> {
    let return_to = visit.return_to();
    if visit.principal().await?.is_some() {
        return Ok(visit.leave_with_notice(&return_to));
    }
    let texts = visit.texts();
    let flash = visit.take_flash();
    let register = link(return_to.link("/register"), t!(texts, "sign-in-new-link"));
    let app = visit.app_at(&return_to).await?;
    let hint = visit.flow_at(&return_to);
    let hint = hint.as_ref().and_then(|flow| flow.login_hint());
    let email = given(flash.value("email")).or(hint.map(str::to_owned));
    let remembers = !flash.value("remember_me").is_empty();
    let content = view! {
        {to_continue_to(app.as_ref())}
        <PostForm action=SignIn::PATH>
            <Carried return_to=return_to.clone()/>
            // Browsers with a passkey to offer ask for the second token;
            // the others read the first.
            <EmailField autocomplete="username webauthn" value=email.unwrap_or_default()/>
            {known_password(None)}
            <p class="aside"><a href=return_to.link("/forgot-password")>{t!(texts, "sign-in-forgot")}</a></p>
            <div class="checkbox">
                <input id="remember_me" name="remember_me" type="checkbox" checked=remembers/>
                <label for="remember_me">{t!(texts, "sign-in-remember")}</label>
            </div>
            <Button>{t!(texts, "sign-in-button")}</Button>
        </PostForm>
        <p class="footnote">
            <Sentence text=t!(texts, "sign-in-new", link = slot(0)) parts=vec![register]/>
        </p>
    };
    let heading = t!(texts, "sign-in-heading");
    Ok(card(&visit, heading, &flash, Vec::new(), content))
}
