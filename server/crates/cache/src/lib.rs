//! Rate limiter and cache: in the process for one replica, on Redis for several.
//!
//! Redis is never the only home of anything (design rule 4). With Redis away the limits are kept by
//! each replica for itself, and stricter; sessions are looked up in the database.

mod in_process;
mod redis;

pub use in_process::{InProcessLimiter, InProcessPrincipals, NoCache};
pub use redis::{
    InvalidRedisUrl, RedisLimiter, RedisLink, RedisPrincipals, check_redis_url, is_redis_in_clear,
};
