//! Passwords: how they are hashed, and which new ones are accepted.

pub mod estimator;
pub mod hasher;
pub mod policy;
pub mod pool;
