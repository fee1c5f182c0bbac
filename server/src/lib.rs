//! The portal behind the binary: composition, process, HTTP, API, settings, telemetry, commands.

pub mod api;
mod cli;
mod compose;
pub mod config;
mod http;
mod process;
pub mod telemetry;

pub use cli::run;
pub use compose::{Adapters, Portal, build};
