use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use vestibule_core::{AuthError, ErrorCode, Field};

use super::actions::ChangePassword;
use crate::components::{Button, ErrorSummary, Form, Layout, PasswordField, Username};
use crate::messages;
use crate::ssr::{self, Visit};

#[component]
pub fn PasswordPage() -> impl IntoView {
    ssr::page(render)
}

async fn render(visit: Visit) -> Result<AnyView, AuthError> {
    let Some(who) = visit.principal().await? else {
        return Ok(visit.ask_to_sign_in());
    };
    let flash = visit.take_flash();
    let errors = visit.field_errors(&flash);
    let is_limited = flash.error() == Some(ErrorCode::RateLimited);
    let view = view! {
        <Layout
            product_name=visit.product_name()
            heading="Change your password"
            has_error=flash.error().is_some()
            is_signed_in=true
        >
            <ErrorSummary
                message=messages::error(&flash)
                fields=errors.list()
                help=is_limited.then(|| view! { <a href="/forgot-password">"reset your password"</a> "." }.into_any())
            />
            <p>"Your other devices will be signed out. This one stays signed in."</p>
            <Form action=ChangePassword::PATH>
                <Username email=who.user.email/>
                <PasswordField
                    name="current_password"
                    label="Current password"
                    autocomplete="current-password"
                    error=errors.of(Field::CurrentPassword)
                />
                <PasswordField
                    name="new_password"
                    label="New password"
                    autocomplete="new-password"
                    min_length=visit.min_password_length()
                    error=errors.of(Field::NewPassword)
                />
                <Button>"Change password"</Button>
            </Form>
            <p class="footnote"><a href="/account">"Back to your account"</a></p>
        </Layout>
    };
    Ok(view.into_any())
}
