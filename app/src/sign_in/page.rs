use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use vestibule_core::{AuthError, ErrorCode};

use super::actions::SignIn;
use crate::components::{
    Button, Checkbox, ErrorSummary, Form, HiddenField, Layout, NoticeBox, PasswordField, TextField,
};
use crate::messages;
use crate::ssr::{self, Visit};

#[component]
pub fn SignInPage() -> impl IntoView {
    ssr::page(render)
}

async fn render(visit: Visit) -> Result<AnyView, AuthError> {
    let return_to = visit.return_to();
    if visit.principal().await?.is_some() {
        return Ok(visit.leave(return_to.path()));
    }
    let flash = visit.take_flash();
    let is_limited = flash.error() == Some(ErrorCode::RateLimited);
    let register = return_to.link("/register");
    let view = view! {
        <Layout product_name=visit.product_name() heading="Sign in" has_error=flash.error().is_some()>
            <NoticeBox news=flash.news()/>
            <ErrorSummary
                message=messages::error(&flash)
                help=is_limited.then(|| view! { <a href="/forgot-password">"reset your password"</a> "." }.into_any())
            />
            <Form action=SignIn::PATH>
                {return_to.field_value().map(|path| view! { <HiddenField name="return_to" value=path/> })}
                <TextField
                    name="email"
                    label="Email address"
                    kind="email"
                    inputmode="email"
                    autocomplete="username"
                    value=flash.value("email")
                    error=None
                />
                <PasswordField name="password" label="Password" autocomplete="current-password" error=None/>
                <p class="aside"><a href="/forgot-password">"Forgot your password?"</a></p>
                <Checkbox
                    name="remember_me"
                    label="Keep me signed in on this device"
                    checked=!flash.value("remember_me").is_empty()
                />
                <Button>"Sign in"</Button>
            </Form>
            <p class="footnote">"New here? " <a href=register>"Create an account"</a></p>
        </Layout>
    };
    Ok(view.into_any())
}
