//! The catalogues against each other and against the sources that use them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on panics"
)]

mod catalogues;
mod prose;
mod source;
