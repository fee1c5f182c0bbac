//! Servers that tests and the project's commands start for themselves: PostgreSQL, `PgBouncer`,
//! Redis, the proxies, and those of the monitoring (Prometheus, Alertmanager, exporters). Each is
//! in a temporary folder, on a free port of 127.0.0.1, and ends with its owner. PostgreSQL and
//! Redis can be killed, frozen and started again on purpose, and the line to a server can go
//! silent.

mod daemon;
mod line;
mod monitor;
mod pgbouncer;
mod postgres;
pub mod proc;
mod proxy;
mod redis;
mod usage;

pub use daemon::{Daemon, free_port};
pub use line::Line;
pub use monitor::Monitor;
pub use pgbouncer::PgBouncer;
pub use postgres::{Postgres, SERVER as POSTGRES_SERVER, folder as postgres_folder};
pub use proxy::{Proxy, ProxyKind, Site};
pub use redis::Redis;
pub use usage::{cpu_time, memory_kib};
