//! The portal over HTTP, in process: the real router, core and stores on both databases. Only time, chance and the way
//! that mails leave are the test's own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test that cannot go on panics, and says what it skips"
)]

mod support;

mod access_tokens;
mod account;
mod bad_bodies;
mod bad_input;
mod conventions;
mod email;
mod health;
mod limits;
mod login;
mod logout;
mod openapi;
mod origins;
mod pages;
mod password;
mod refresh;
mod register;
mod replicas;
mod sessions;
mod unavailable;
mod well_known;
