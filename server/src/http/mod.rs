//! HTTP: every route and middleware, and what is served beside pages and API.

pub mod assets;
pub mod branding;
mod dev_mailbox;
mod error_pages;
mod export;
mod loopback;
pub mod middleware;
pub mod router;
mod site_files;
