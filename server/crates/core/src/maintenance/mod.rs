//! What keeps a deployment in order: the cleanup, its statistics.

mod cleanup;
mod statistics;

pub use cleanup::{CleanupRun, MAILS_KEPT, Removed, Retention};
