//! What a page says of the request before: what went wrong with a form, or that it is done.

use leptos::prelude::*;
use vestibule_i18n::t;

use super::sentence::{Sentence, address, link, slot};
use crate::kit::dates::Moment;
use crate::kit::form::{Flash, Notice};
use crate::kit::messages::{self, Part};
use crate::kit::request::{self, PageForms, Visit};

/// What went wrong, on top of the form. It takes the focus, so that it is the first thing that a
/// screen reader says and the next tab leads into it;
/// nothing else on the page may have `autofocus` then.
#[component]
pub fn ErrorSummary(
    /// The whole in one sentence.
    message: Option<messages::Message>,
    /// The invalid fields, each with a link to its input.
    fields: Vec<(&'static str, String)>,
) -> impl IntoView {
    message.map(|message| {
        let is_list = !fields.is_empty();
        let links = fields
            .into_iter()
            .map(|(field, text)| view! { <li><a href=format!("#{field}")>{text}</a></li> });
        view! {
            <div class="summary" role="alert" tabindex="-1" autofocus>
                <p><Message message/></p>
                {is_list.then(|| view! { <ul>{links.collect_view()}</ul> })}
            </div>
        }
    })
}

/// The notice of the request before: good, to be followed up, or to be careful with. It says whose
/// notice it is where the page is not that account's.
pub fn notice_box(flash: &Flash) -> AnyView {
    let about = flash.about_other_than(PageForms::current().account());
    let about = about.map(about_line);
    let notice = flash.notice.map(|notice| {
        let class = class(notice);
        let (message, text) = messages::notice(request::texts(), &request::lifetimes(), notice);
        view! {
            <div class=class role="status">
                <p>
                    <strong><Message message/></strong>
                    {text.map(|text| format!(" {text}"))}
                </p>
                {about}
            </div>
        }
    });
    notice.into_any()
}

fn about_line(email: &str) -> AnyView {
    let text = t!(request::texts(), "notice-about", email = slot(0));
    let parts = vec![address(email.to_owned())];
    view! { <p><Sentence text parts/></p> }.into_any()
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

/// A message with its parts in their places.
#[component]
fn Message(message: messages::Message) -> impl IntoView {
    let parts = message.parts.into_iter().map(part).collect();
    view! { <Sentence text=message.text parts/> }
}

fn part(part: Part) -> AnyView {
    match part {
        Part::Address(email) => address(email),
        Part::Wait(seconds) => view! { <Wait seconds/> }.into_any(),
        Part::Moment(at) => view! { <Moment texts=request::texts() at/> }.into_any(),
        Part::Link { to, text } => {
            let return_to = Visit::current().map(|visit| visit.return_to());
            link(return_to.unwrap_or_default().link(to), text)
        }
    }
}

/// How long to wait, which scripts count down. They find
/// every text that they are going to show in the attributes.
#[component]
fn Wait(
    /// In seconds, where it is known.
    seconds: Option<u64>,
) -> impl IntoView {
    let texts = request::texts();
    let all = seconds.map(|seconds| messages::waits(texts, seconds).join("|"));
    let done = seconds.map(|_| t!(texts, "wait-over"));
    // A timer is no live region: it does not speak each second,
    // though the summary around it does when it appears.
    let role = seconds.map(|_| "timer");
    view! {
        <span class="wait" role=role data-seconds=seconds data-texts=all data-done=done>
            {messages::wait(texts, seconds)}
        </span>
    }
}
