//! Signing in to apps: the provider as clients and browsers meet it.

mod browser_requests;
mod client;
mod client_auth;
mod client_limits;
mod code_claims;
mod code_flow;
mod codes;
mod discovery;
mod endings;
mod key_rotation;
mod redirects;
mod secrets;
mod token_settings;
mod tokens;

pub use client::{App, browser_of, parameter};
