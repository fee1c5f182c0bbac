//! What runs in the browser. Everything here is an enhancement: no page needs it.
//!
//! The pages' HTML is the server's and stays as it came. The one island has no view of its own: it
//! listens at the document and does what the `data-` attributes of elements ask for. So nothing is
//! hydrated that people type into, no JSON parser for properties is sent, and no word is in the
//! wasm: all texts stand in those attributes, in the language of the page.

#[cfg(feature = "hydrate")]
mod checks;
#[cfg(feature = "hydrate")]
mod code;
#[cfg(feature = "hydrate")]
mod copy;
#[cfg(feature = "hydrate")]
mod countdown;
#[cfg(feature = "hydrate")]
mod dom;
#[cfg(feature = "hydrate")]
mod once;
#[cfg(feature = "hydrate")]
mod reveal;
#[cfg(feature = "hydrate")]
mod strength;
#[cfg(feature = "hydrate")]
mod times;

use leptos::prelude::*;

/// Brings the page to life, once for the whole document.
#[island]
pub fn Enhancements() -> impl IntoView {
    #[cfg(feature = "hydrate")]
    start();
}

#[cfg(feature = "hydrate")]
fn start() {
    reveal::start();
    checks::start();
    strength::start();
    code::start();
    countdown::start();
    copy::start();
    times::start();
    once::start();
    // Styles and tests look at it.
    if let Some(root) = document().document_element() {
        dom::set(&root, "data-islands", "on");
    }
}
