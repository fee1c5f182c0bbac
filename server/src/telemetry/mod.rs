//! What is seen of the running portal: logs, traces and metrics.

mod logs;
pub mod metrics;
mod trace_parent;
mod traces;

pub use logs::{Log, init, subscriber};
pub use trace_parent::TraceParent;
pub use traces::join_trace;
