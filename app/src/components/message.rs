use leptos::prelude::*;

use super::sentence::Sentence;
use super::wait::Wait;
use crate::dates::Moment;
use crate::messages::{self, Part};
use crate::ssr;

/// A message with its parts in their places.
#[component]
pub fn Message(message: messages::Message) -> impl IntoView {
    let parts = message.parts.into_iter().map(part).collect();
    view! { <Sentence text=message.text parts/> }
}

fn part(part: Part) -> AnyView {
    match part {
        Part::Address(address) => view! { <bdi class="address">{address}</bdi> }.into_any(),
        Part::Wait(seconds) => view! { <Wait seconds/> }.into_any(),
        Part::Moment(at) => view! { <Moment texts=ssr::texts() at/> }.into_any(),
        Part::Link { to, text } => {
            let to = ssr::return_to().link(to);
            view! { <a href=to>{text}</a> }.into_any()
        }
    }
}
