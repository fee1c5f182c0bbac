use leptos::prelude::*;

use vestibule_i18n::t;

use super::message::Message;
use super::sentence::{Sentence, slot};
use crate::flash::{Flash, Notice};
use crate::messages;
use crate::ssr::{self, PageForms};

/// The notice of the request before: good, to be followed up, or to be careful with. It says whose
/// notice it is where the page is not that account's.
#[expect(
    clippy::needless_pass_by_value,
    reason = "a component owns what it shows"
)]
#[component]
pub fn NoticeBox(flash: Flash) -> impl IntoView {
    let about = flash.about_other_than(PageForms::current().account());
    let about = about.map(|email| about_line(email.to_owned()));
    flash.shown_notice().map(|notice| {
        let class = class(notice);
        let (message, text) = messages::notice(ssr::texts(), &ssr::lifetimes(), notice);
        view! {
            <div class=class role="status">
                <p>
                    <strong><Message message/></strong>
                    {text.map(|text| format!(" {text}"))}
                </p>
                {about}
            </div>
        }
    })
}

fn about_line(email: String) -> AnyView {
    let text = t!(ssr::texts(), "notice-about", email = slot(0));
    let email = view! { <bdi class="address">{email}</bdi> };
    view! { <p><Sentence text parts=vec![email.into_any()]/></p> }.into_any()
}

fn class(notice: Notice) -> &'static str {
    match notice {
        Notice::Registered
        | Notice::VerificationSent
        | Notice::ResetSent
        | Notice::SignInAgain
        | Notice::EmailChangeRequested => "notice notice-info",
        Notice::EmailReverted | Notice::DeletionScheduled { .. } => "notice notice-caution",
        _ => "notice",
    }
}
