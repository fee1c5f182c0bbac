use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use vestibule_core::model::{Principal, display_email};
use vestibule_core::{AuthError, Field};
use vestibule_i18n::t;

use super::changes::ConfirmPassword;
use crate::components::{Button, Carried, ErrorSummary, Form, Layout, PasswordField, Username};
use crate::messages;
use crate::ssr::{self, Visit};

/// Asks for the password before something that takes none itself, and goes back to it.
#[component]
pub fn ConfirmPage() -> impl IntoView {
    ssr::account_page(render)
}

async fn render(visit: Visit, who: Principal) -> Result<AnyView, AuthError> {
    let return_to = visit.return_to();
    if visit.auth().is_recently_authenticated(&who) {
        return Ok(visit.leave(return_to.path()));
    }
    let flash = visit.take_flash();
    let texts = visit.texts();
    let errors = visit.field_errors(&flash);
    let back = return_to.path().to_owned();
    let forgotten = return_to.link("/forgot-password");
    let view = view! {
        <Layout
            product_name=visit.product_name()
            heading=t!(texts, "account-confirm-heading")
            has_error=flash.error().is_some()
            is_signed_in=true
        >
            <ErrorSummary message=messages::error(texts, &flash) fields=errors.list()/>
            <p>{t!(texts, "account-confirm-text")}</p>
            <Form action=ConfirmPassword::PATH>
                <Carried return_to=return_to/>
                <Username email=display_email(&who.user.email)/>
                <PasswordField
                    name="current_password"
                    label=t!(texts, "account-current-password")
                    autocomplete="current-password"
                    error=errors.of(Field::CurrentPassword)
                />
                <Button>{t!(texts, "account-confirm-button")}</Button>
            </Form>
            <p class="footnote">
                <a href=forgotten>{t!(texts, "account-password-forgotten")}</a>
                " · "
                <a href=back>{t!(texts, "account-confirm-back")}</a>
            </p>
        </Layout>
    };
    Ok(view.into_any())
}
