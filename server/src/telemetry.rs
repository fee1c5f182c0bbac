//! Logs: JSON objects in production, readable lines in development.

use std::backtrace::Backtrace;
use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

use crate::config::LogConfig;

/// Starts logging to standard error, panics included.
pub fn init(config: &LogConfig) {
    // A cookie whose session has ended is an everyday thing; the library warns of each.
    let filter = format!("tower_sessions_core=error,{}", config.filter);
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    if config.json {
        subscriber
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .init();
    } else {
        subscriber.init();
    }
    std::panic::set_hook(Box::new(|panic| {
        tracing::error!(%panic, trace = %Backtrace::force_capture(), "panic");
    }));
}
