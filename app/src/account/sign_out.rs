use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use vestibule_core::AuthError;
use vestibule_core::model::display_email;
use vestibule_i18n::t;

use crate::kit::{Button, Layout, PostForm, SignOut, Visit};

/// For links to `/logout`: a GET changes nothing, so it asks.
pub async fn page(visit: Visit) -> Result<AnyView, AuthError> {
    let Some(who) = visit.principal().await? else {
        return Ok(visit.leave("/login"));
    };
    let texts = visit.texts();
    let view = view! {
        <Layout product_name=visit.product_name() heading=t!(texts, "sign-out-heading")>
            <p>{t!(texts, "account-signed-in-as")} " " <span class="address">{display_email(&who.user.email)}</span></p>
            <PostForm action=SignOut::PATH>
                <Button>{t!(texts, "sign-out-button")}</Button>
            </PostForm>
            <p class="footnote"><a href="/account">{t!(texts, "sign-out-stay")}</a></p>
        </Layout>
    };
    Ok(view.into_any())
}
