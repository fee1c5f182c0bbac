//! Signing in to apps: clients, and what they have of users.

pub(crate) mod app_sessions;
pub(crate) mod clients;
mod redeem;

pub(crate) use redeem::STATEMENTS as REDEEM_STATEMENTS;
