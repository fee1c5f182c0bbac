//! What keeps a deployment in order: the cleanup, the check of its invariants, its statistics.

mod cleanup;
mod invariants;
mod statistics;

pub use cleanup::{CleanupRun, MAILS_KEPT, Removed, Retention};
