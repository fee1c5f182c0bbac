use leptos::prelude::*;

use crate::flash::Notice;
use crate::{messages, ssr};

/// News from the request before: good, to be followed up, or to be careful with.
#[component]
pub fn NoticeBox(news: Option<Notice>) -> impl IntoView {
    news.map(|news| {
        let class = class(news);
        let (news, text) = messages::notice(ssr::texts(), &ssr::lifetimes(), news);
        view! {
            <div class=class role="status">
                <p>
                    <strong>{news}</strong>
                    {text.map(|text| format!(" {text}"))}
                </p>
            </div>
        }
    })
}

fn class(news: Notice) -> &'static str {
    match news {
        Notice::Registered
        | Notice::VerificationSent
        | Notice::ResetSent
        | Notice::SignInAgain
        | Notice::EmailChangeRequested => "notice notice-info",
        Notice::EmailReverted | Notice::DeletionScheduled { .. } => "notice notice-caution",
        _ => "notice",
    }
}
