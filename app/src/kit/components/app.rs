//! The app that the visitor came by.

use leptos::prelude::*;
use vestibule_core::FlowApp;
use vestibule_i18n::t;

use super::sentence::{Sentence, slot};
use crate::kit::request;

/// What stands under the heading of a page that an app has led to.
pub fn to_continue_to(app: Option<&FlowApp>) -> AnyView {
    let Some(app) = app else {
        return ().into_any();
    };
    let text = t!(request::texts(), "app-to-continue", app = slot(0));
    let parts = vec![app_name(app)];
    view! { <p class="lead"><Sentence text parts/></p> }.into_any()
}

/// An app's name, which is its maker's text.
pub fn app_name(app: &FlowApp) -> AnyView {
    view! { <bdi>{app.name.clone()}</bdi> }.into_any()
}
