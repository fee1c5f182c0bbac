//! In the memory of this process: alone where it is the only one,
//! and below Redis where there are several.

mod limiter;
mod principals;

pub(crate) use limiter::Count;
pub use limiter::InProcessLimiter;
pub use principals::{InProcessPrincipals, NoCache};
