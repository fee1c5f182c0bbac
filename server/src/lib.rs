//! The portal behind the binary: configuration, composition, routes, workers.

pub mod api;
mod assets;
mod branding;
mod cli;
pub mod config;
mod database_lock;
mod dev_mailbox;
mod export;
mod health;
mod health_check;
mod lifecycle;
mod listener;
mod master_key;
mod metrics;
mod middleware;
mod portal;
mod retry;
mod router;
mod site_files;
mod start_lines;
mod supervisor;
pub mod telemetry;
mod worker;

pub use cli::run;
pub use portal::{Adapters, Portal, build};
