//! In-process adapters of the rate limiter and cache ports, for one replica.

mod limiter;
mod snapshots;

pub use limiter::InProcessLimiter;
pub use snapshots::{InProcessCache, NoCache};
