//! What the user is asked before an app gets anything.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use vestibule_core::model::{Principal, Scope, display_email};
use vestibule_core::{Decision, FlowApp, Question};
use vestibule_i18n::{Texts, t};

use crate::kit::{
    Button, ButtonStyle, Carried, Done, Form, PostForm, ReturnTo, Sentence, Visit, address,
    app_name, branding, card, link, sent, signed_in_as_on_the_page, slot,
};

/// Takes the user's answer to an app's question.
#[server(prefix = "/_fn", endpoint = "decide_flow")]
pub async fn decide_flow(
    #[server(default)] decision: String,
    #[server(default)] return_to: String,
) -> Result<(), ServerFnError> {
    let return_to = ReturnTo::parse(&return_to);
    let decision = if decision == "continue" {
        Decision::Continue
    } else {
        Decision::Cancel
    };
    sent(Form::Flow)
        .before(&return_to)
        .submit_as(|visit, who| async move {
            // One that has gone meanwhile says so itself.
            if let Some(mut flow) = visit.flow_at(&return_to) {
                let (auth, meta) = (visit.auth(), visit.meta());
                auth.decide_flow(&mut flow, &who, decision, &meta).await?;
                visit.keep_flow(&return_to, &flow);
            }
            Ok(Done::returning(&return_to))
        })
        .await
}

/// Signs this browser out, so that the app can be used with another account.
#[server(prefix = "/_fn", endpoint = "switch_account")]
pub async fn switch_account(#[server(default)] return_to: String) -> Result<(), ServerFnError> {
    let return_to = ReturnTo::parse(&return_to);
    sent(Form::Flow)
        .before(&return_to)
        .submit(|visit| async move {
            if let Some(who) = signed_in_as_on_the_page(&visit).await? {
                visit.auth().sign_out(&who, &visit.meta()).await?;
            }
            visit.end_session().await?;
            visit.clear_site_data();
            Ok(Done::at(return_to.link("/login")))
        })
        .await
}

pub fn page(visit: &Visit, here: ReturnTo, who: Option<Principal>, question: &Question) -> AnyView {
    let texts = visit.texts();
    let app = &question.app;
    let flash = visit.take_flash();
    let heading = t!(texts, "app-ask-heading", app = app.name.as_str());
    let email = who.map(|who| display_email(&who.user.email));
    let (text, parts) = account_line(texts, app, email.unwrap_or_default(), question);
    let (host, scopes) = (host_line(texts, app), scope_list(texts, &question.scopes));
    let can_continue = question.can_continue;
    let other_account = other_account(texts, here.clone());
    let content = view! {
        <p class="lead"><Sentence text parts/></p>
        {host}
        {scopes}
        <PostForm action=DecideFlow::PATH>
            <Carried return_to=here/>
            <div class="choices">
                {can_continue.then(|| choice("continue", t!(texts, "app-ask-continue")))}
                {choice("cancel", t!(texts, "app-ask-cancel"))}
            </div>
        </PostForm>
        {other_account}
    };
    card(visit, heading, &flash, Vec::new(), content)
}

/// For an account that the app does not let in. The app learns nothing of it.
pub fn not_allowed(visit: &Visit, here: ReturnTo, app: &FlowApp) -> AnyView {
    let texts = visit.texts();
    let flash = visit.take_flash();
    let heading = t!(texts, "app-not-allowed-heading", app = app.name.as_str());
    let help = branding().support.clone().map(|support| {
        let text = t!(texts, "app-not-allowed-help", support = slot(0));
        let parts = vec![link(format!("mailto:{support}"), support)];
        view! { <p><Sentence text parts/></p> }
    });
    let text = t!(texts, "app-not-allowed-text", app = slot(0));
    let parts = vec![app_name(app)];
    let content = view! {
        <p><Sentence text parts/></p>
        {help}
        <PostForm action=SwitchAccount::PATH>
            <Carried return_to=here/>
            <Button>{t!(texts, "app-other-account")}</Button>
        </PostForm>
        <p class="footnote"><a href="/account">{t!(texts, "error-page-home")}</a></p>
    };
    card(visit, heading, &flash, Vec::new(), content)
}

/// Whose account the app would get.
fn account_line(
    texts: Texts,
    app: &FlowApp,
    email: String,
    question: &Question,
) -> (String, Vec<AnyView>) {
    let email = address(email);
    if question.can_continue {
        return (t!(texts, "app-ask-account", email = slot(0)), vec![email]);
    }
    let text = t!(texts, "app-ask-other", app = slot(0), email = slot(1));
    (text, vec![app_name(app), email])
}

/// Two buttons of one weight: neither answer is the portal's.
fn choice(decision: &'static str, text: String) -> AnyView {
    view! {
        <button type="submit" class="button button-secondary" name="decision" value=decision>
            {text}
        </button>
    }
    .into_any()
}

fn host_line(texts: Texts, app: &FlowApp) -> Option<AnyView> {
    let host = app.host.clone()?;
    let text = t!(texts, "app-ask-host", host = slot(0));
    let parts = vec![view! { <bdi class="address">{host}</bdi> }.into_any()];
    Some(view! { <p><Sentence text parts/></p> }.into_any())
}

fn scope_list(texts: Texts, scopes: &[Scope]) -> Option<AnyView> {
    let items = scopes.iter().map(|scope| {
        let text = match scope {
            Scope::Openid => t!(texts, "app-scope-openid"),
            Scope::Profile => t!(texts, "app-scope-profile"),
            Scope::Email => t!(texts, "app-scope-email"),
            Scope::Groups => t!(texts, "app-scope-groups"),
        };
        view! { <li>{text}</li> }
    });
    let items = items.collect_view();
    (!scopes.is_empty()).then(|| {
        view! {
            <p>{t!(texts, "app-scope-intro")}</p>
            <ul>{items}</ul>
        }
        .into_any()
    })
}

fn other_account(texts: Texts, here: ReturnTo) -> AnyView {
    view! {
        <PostForm action=SwitchAccount::PATH class="inline-form">
            <Carried return_to=here/>
            <Button style=ButtonStyle::Plain>{t!(texts, "app-other-account")}</Button>
        </PostForm>
    }
    .into_any()
}
