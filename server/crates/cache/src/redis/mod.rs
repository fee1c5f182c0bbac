//! On Redis 6 to 8, shared by all replicas. One server, or one that takes over from it: the keys of
//! one call lie in several slots of a Redis Cluster, which refuses that.

mod breaker;
mod epochs;
mod eviction;
mod limiter;
mod link;
mod principals;
mod resets;
mod url;

pub use limiter::RedisLimiter;
pub use link::RedisLink;
pub use principals::RedisPrincipals;
pub use url::{InvalidRedisUrl, check_redis_url, is_redis_in_clear};
