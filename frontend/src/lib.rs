//! The wasm entry: it starts the islands and does nothing else.

// Without this reference the linker leaves the islands out.
use vestibule_app as _;

/// Called by the page once the module is loaded.
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    leptos::mount::hydrate_islands();
}
