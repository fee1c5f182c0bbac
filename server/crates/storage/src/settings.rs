//! How the database is used.

use std::time::Duration;

/// What a connection of the portal is between it and PostgreSQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pooling {
    /// One connection to the server for as long as it lasts: without a pooler, or with one that
    /// pools sessions.
    Session,
    /// Another one for each transaction.
    Transaction,
}

/// How the store uses its database.
#[derive(Clone, Copy, Debug)]
pub struct StorageSettings {
    /// Connections to PostgreSQL at most; those of all replicas together must stay below its
    /// `max_connections`.
    pub max_connections: u32,
    /// How long making one connection may take, and before requests are served the look at what
    /// migrations there were.
    pub connect_timeout: Duration,
    /// How long a request waits for a connection, the time to make one included.
    pub acquire_timeout: Duration,
    /// After this long PostgreSQL cancels a statement; one that is not answered half a second later
    /// is given up.
    pub statement_timeout: Duration,
    /// After this long the database cancels a statement that waits for a lock. For SQLite that is
    /// the lock on the file, which another process has that writes, such as `sqlite3`. A statement
    /// is given up half a second after [`Self::statement_timeout`]: a lock that was waited for
    /// longer would cost the connection with it.
    pub lock_timeout: Duration,
    /// A connection that was not used for this long is tested before it is used again.
    pub test_idle_after: Duration,
    /// What a connection to PostgreSQL is.
    pub pooling: Pooling,
}

/// Each wait ends within three seconds: that long a request waits for an answer, and that long a
/// database that went dark may hold a request.
impl Default for StorageSettings {
    fn default() -> Self {
        Self {
            max_connections: 16,
            connect_timeout: Duration::from_secs(2),
            acquire_timeout: Duration::from_secs(3),
            statement_timeout: Duration::from_millis(2500),
            lock_timeout: Duration::from_secs(2),
            test_idle_after: Duration::from_secs(1),
            pooling: Pooling::Session,
        }
    }
}
