//! What must hold between rows.

use async_trait::async_trait;
use time::OffsetDateTime;

use super::Result;

/// An invariant that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// A stable name, in snake case, of the invariant.
    pub invariant: &'static str,
    /// How many rows break it.
    pub rows: u64,
}

/// What must hold between rows.
#[async_trait]
pub trait Invariants {
    /// Checks the data against the invariants that `vestibule verify` reports.
    async fn violations(&mut self, now: OffsetDateTime) -> Result<Vec<Violation>>;
}
