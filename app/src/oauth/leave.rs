//! The way back to the app.
//!
//! A browser that came by a form does not follow a redirect to another site: the policy of that
//! page forbids it, and Chromium applies it to every hop. From this page it goes by itself.

use leptos::prelude::*;
use vestibule_core::Departure;
use vestibule_i18n::t;

use crate::kit::{Layout, ReturnTo, Sentence, Visit, app_name, slot};

pub fn page(visit: &Visit, here: &ReturnTo, departure: &Departure) -> AnyView {
    let texts = visit.texts();
    visit.forget_flow(here);
    visit.leave_without_referrer();
    let Departure {
        url,
        app,
        is_automatic,
    } = departure;
    let heading = t!(texts, "app-leave-heading", app = app.name.as_str());
    if *is_automatic {
        visit.go_on_to(url);
    }
    let label = t!(texts, "app-leave-link", app = slot(0));
    let text = if *is_automatic {
        t!(texts, "app-leave-automatic")
    } else {
        t!(texts, "app-leave-by-press")
    };
    let (parts, url) = (vec![app_name(app)], url.clone());
    view! {
        <Layout product_name=visit.product_name() heading>
            <p>{text}</p>
            // A button has no spaces between its parts: the sentence is one.
            <p><a class="button" href=url><span><Sentence text=label parts/></span></a></p>
        </Layout>
    }
    .into_any()
}
