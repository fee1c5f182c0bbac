//! On Redis 6 to 8, shared by all replicas. One server, or one that takes over from it: the keys of one call lie in several
//! slots of a Redis Cluster, which refuses that.

mod alert;
mod breaker;
mod epochs;
mod limiter;
mod link;
mod principals;
mod resets;

pub use limiter::RedisLimiter;
pub use link::{InvalidRedisUrl, RedisLink};
pub use principals::RedisPrincipals;
