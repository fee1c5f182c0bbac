//! The limiter and the cache of principals, in the process and on Redis.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "tests"
)]

mod contract;
mod faults;
mod losses;
mod on_redis;
mod replicas;
mod server;
mod support;
mod tls;
