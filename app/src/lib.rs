//! The hosted pages.
//!
//! Pages are rendered on the server and are complete without JavaScript: plain forms,
//! post/redirect/get, no hydration. The browser gets the [`islands`] alone, so everything else is
//! compiled under `ssr` only and the wasm stays small.

pub mod islands;

#[cfg(feature = "ssr")]
mod account;
#[cfg(feature = "ssr")]
mod errors;
#[cfg(feature = "ssr")]
mod kit;
#[cfg(feature = "ssr")]
mod oauth;
#[cfg(feature = "ssr")]
mod register;
#[cfg(feature = "ssr")]
mod reset_password;
#[cfg(feature = "ssr")]
mod restore;
#[cfg(feature = "ssr")]
mod routes;
#[cfg(feature = "ssr")]
mod sign_in;
#[cfg(feature = "ssr")]
mod verify_email;

#[cfg(feature = "ssr")]
pub use errors::ErrorDocument;
#[cfg(feature = "ssr")]
pub use kit::{icon_file, other_account, provide_request, valid_markup};
#[cfg(feature = "ssr")]
pub use routes::{App, shell};
