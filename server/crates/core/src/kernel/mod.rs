//! What every capability uses and none is used by: the stores and services of a deployment, what
//! an operation runs in, security events, mails, limits, passwords, and the ports.

pub mod abandon;
pub mod audit;
pub mod call;
pub mod charge;
pub mod core;
pub mod errors;
pub mod host;
pub mod lifetimes;
pub mod limit_settings;
pub mod limits;
pub mod links;
pub mod mail;
pub mod master_key;
pub mod model;
pub mod outbox;
pub mod passwords;
pub mod ports;
pub mod trace;
pub mod uniform_time;
pub mod write_behind;
