//! The process: it starts, listens, works beside the requests, and stops in order.

pub mod database_lock;
pub mod health;
pub mod lifecycle;
pub mod listener;
pub mod master_key;
pub mod retry;
pub mod start_lines;
mod supervisor;
mod workers;
