//! What tests need: a clock that they move, chance that repeats, databases and a mail server of
//! their own, builders, and the contracts of the ports.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test that cannot go on panics, and its environment is the developer's"
)]

/// Waits for what the store does, which must succeed.
#[macro_export]
macro_rules! ok {
    ($done:expr) => {
        $done.await.unwrap()
    };
}

/// The same, and what is looked for is there.
#[macro_export]
macro_rules! some {
    ($found:expr) => {
        $found.await.unwrap().unwrap()
    };
}

/// The same, and it is not there.
#[macro_export]
macro_rules! none {
    ($found:expr) => {
        assert!($found.await.unwrap().is_none())
    };
}

/// What a test needs and not every machine has; without it the test ends here.
#[macro_export]
macro_rules! or_skip {
    ($needed:expr) => {{
        let Some(found) = $needed else { return };
        found
    }};
}

pub mod builders;
mod clock;
pub mod contract;
mod database;
mod keys;
mod random;
mod redis;
mod smtp;
mod tls;

pub use clock::FakeClock;
pub use database::{TestDatabase, databases};
pub use keys::FAKE_RSA_KEY;
pub use random::SeededRandom;
pub use redis::{redis_contents, redis_prefix, redis_url};
pub use smtp::{SmtpMessage, SmtpPeer, SmtpScript, SmtpSeen};
pub use tls::TestCertificate;
