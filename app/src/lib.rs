//! The hosted pages.
//!
//! Pages are rendered on the server and are complete without JavaScript: plain forms,
//! post/redirect/get, no hydration. The browser gets the [`islands`] alone, so everything else is
//! compiled under `ssr` only and the wasm stays small.

pub mod islands;

#[cfg(feature = "ssr")]
mod account;
#[cfg(feature = "ssr")]
mod components;
#[cfg(feature = "ssr")]
mod dates;
#[cfg(feature = "ssr")]
mod errors;
#[cfg(feature = "ssr")]
mod flash;
#[cfg(feature = "ssr")]
mod language;
#[cfg(feature = "ssr")]
mod markup;
#[cfg(feature = "ssr")]
mod messages;
#[cfg(feature = "ssr")]
mod password_strength;
#[cfg(feature = "ssr")]
mod register;
#[cfg(feature = "ssr")]
mod reset_password;
#[cfg(feature = "ssr")]
mod return_to;
#[cfg(feature = "ssr")]
mod routes;
#[cfg(feature = "ssr")]
mod sign_in;
#[cfg(feature = "ssr")]
mod ssr;
#[cfg(feature = "ssr")]
mod submit;
#[cfg(feature = "ssr")]
mod undo;
#[cfg(feature = "ssr")]
mod verify_email;

#[cfg(feature = "ssr")]
pub use components::icon_file;
#[cfg(feature = "ssr")]
pub use errors::ErrorDocument;
#[cfg(feature = "ssr")]
pub use markup::valid_markup;
#[cfg(feature = "ssr")]
pub use routes::{App, shell};
#[cfg(feature = "ssr")]
pub use ssr::{other_account, provide_request};
