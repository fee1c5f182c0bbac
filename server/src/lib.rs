//! The portal behind the binary: composition, command line, process, HTTP, API, settings, telemetry.

pub mod api;
mod cli;
mod compose;
pub mod config;
mod http;
mod process;
pub mod telemetry;

pub use cli::run;
pub use compose::{Adapters, Portal, build};
