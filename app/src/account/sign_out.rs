use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use vestibule_core::AuthError;

use super::actions::SignOut;
use crate::components::{Button, Form, Layout};
use crate::ssr::{self, Visit};

/// For links to `/logout`: a GET changes nothing, so it asks.
#[component]
pub fn SignOutPage() -> impl IntoView {
    ssr::page(render)
}

async fn render(visit: Visit) -> Result<AnyView, AuthError> {
    let Some(who) = visit.principal().await? else {
        return Ok(visit.leave("/login"));
    };
    let view = view! {
        <Layout product_name=visit.product_name() heading="Sign out?">
            <p>"You are signed in as " <strong class="address">{who.user.email}</strong> "."</p>
            <Form action=SignOut::PATH>
                <Button>"Sign out"</Button>
            </Form>
            <p class="footnote"><a href="/account">"Stay signed in"</a></p>
        </Layout>
    };
    Ok(view.into_any())
}
