//! What is seen of the running portal: logs, traces and metrics.

mod logs;
pub mod metrics;
mod traces;

pub use logs::{Log, init, subscriber};
pub use traces::{calling_span, join_trace};
