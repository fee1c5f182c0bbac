use leptos::prelude::*;

use crate::flash::Notice;
use crate::messages;

/// Good news from the request before.
#[component]
pub fn NoticeBox(news: Option<Notice>) -> impl IntoView {
    news.map(|news| {
        let (heading, text) = messages::notice(news);
        view! {
            <div class="notice" role="status">
                <p>
                    <strong>{heading}"."</strong>
                    " "
                    {text}
                </p>
            </div>
        }
    })
}
