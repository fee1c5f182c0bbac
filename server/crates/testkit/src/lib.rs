//! What tests need: a clock that they move, chance that repeats, databases of their own, builders, and the contract of
//! the store port.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test that cannot go on panics, and its environment is the developer's"
)]

pub mod builders;
mod clock;
pub mod contract;
mod database;
mod random;

pub use clock::FakeClock;
pub use database::{TestDatabase, databases};
pub use random::SeededRandom;
