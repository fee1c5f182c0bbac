//! The portal behind the binary: composition, process, HTTP, API, settings, telemetry, commands.

// The types of pages nest deeper than the default of 128 where they are optimized.
#![recursion_limit = "256"]

pub mod api;
mod cli;
mod compose;
pub mod config;
mod http;
mod oauth;
mod process;
pub mod telemetry;

pub use cli::run;
pub use compose::{Adapters, Portal, build};
