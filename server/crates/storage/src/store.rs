//! The database as the core sees it: pools, transactions, migrations.

use std::fs::OpenOptions;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use sqlx::pool::PoolOptions;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Pool, Postgres, Sqlite};
use vestibule_core::ports::{Repository, Store, Transaction};

use crate::backend::Backend;
use crate::error::{ConnectError, MigrationError};
use crate::migrate;
use crate::repository::{Result, SqlRepository, within};

/// How long a writer waits for the one before it. SQLite has one at a time.
const SQLITE_BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Each SQLite connection is a thread with a page cache of its own.
const SQLITE_READERS: u32 = 8;
/// How long a replica waits for another one that migrates.
const MIGRATION_LOCK_TIMEOUT: &str = "60s";
/// The migration's own connection is not the pool's, whose waiting time it has.
const MIGRATION_CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How the store uses its database.
#[derive(Clone, Copy, Debug)]
pub struct StorageSettings {
    /// Connections to PostgreSQL at most; those of all replicas together must stay below its `max_connections`.
    pub max_connections: u32,
    /// How long a request waits for a connection, the time to make one included.
    pub acquire_timeout: Duration,
    /// After this long PostgreSQL cancels a statement.
    pub statement_timeout: Duration,
    /// After this long PostgreSQL cancels a statement that waits for a lock.
    pub lock_timeout: Duration,
}

impl Default for StorageSettings {
    fn default() -> Self {
        Self {
            max_connections: 16,
            acquire_timeout: Duration::from_secs(3),
            statement_timeout: Duration::from_secs(5),
            lock_timeout: Duration::from_secs(3),
        }
    }
}

/// A store with what its owner does to the database as a whole.
#[async_trait]
pub trait SqlDatabase: Store {
    /// Applies the migrations that are missing, each with its record in one transaction, and gives their versions.
    ///
    /// # Errors
    /// [`MigrationError::Unavailable`] where later may work.
    async fn migrate(&self) -> std::result::Result<Vec<i64>, MigrationError>;

    /// The versions that [`SqlDatabase::migrate`] would apply. It changes nothing.
    ///
    /// # Errors
    /// [`MigrationError::Unavailable`] where later may work.
    async fn pending(&self) -> std::result::Result<Vec<i64>, MigrationError>;

    /// Waits for what is under way and closes every connection.
    async fn close(&self);
}

/// Chooses the database by the scheme of the URL: `sqlite:`, `postgres:` or `postgresql:`.
///
/// Connections are made when they are needed, so a database that is not up yet is no error here. An SQLite file is
/// created, readable for its owner only. Call it inside a tokio runtime.
///
/// # Errors
/// For a URL that cannot be used and a file that cannot be written.
pub fn connect_store(
    url: &SecretString,
    settings: &StorageSettings,
) -> std::result::Result<Arc<dyn SqlDatabase>, ConnectError> {
    let url = url.expose_secret();
    match url.split_once(':').map(|(scheme, _)| scheme) {
        Some("sqlite") => Ok(Arc::new(SqlStore::<Sqlite>::open(url, settings)?)),
        Some("postgres" | "postgresql") => Ok(Arc::new(SqlStore::<Postgres>::open(url, settings)?)),
        _ => Err(ConnectError::UnknownScheme),
    }
}

struct SqlStore<DB: Backend> {
    pool: Pool<DB>,
    /// Where transactions begin. For SQLite a pool of one: its waiting line is fair, where the busy timeout is not.
    writers: Pool<DB>,
    migration_options: <DB::Connection as Connection>::Options,
}

impl SqlStore<Sqlite> {
    fn open(url: &str, settings: &StorageSettings) -> std::result::Result<Self, ConnectError> {
        let options = SqliteConnectOptions::from_str(url)
            .map_err(ConnectError::InvalidUrl)?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            // What was deleted is overwritten: an erased account is not to be read from free pages.
            .pragma("secure_delete", "on")
            .busy_timeout(SQLITE_BUSY_TIMEOUT);
        let path = options.get_filename();
        if url.contains(":memory:") || url.contains("mode=memory") || path.as_os_str().is_empty() {
            return Err(ConnectError::InMemory);
        }
        create_private_file(path).map_err(|source| ConnectError::File {
            path: path.to_owned(),
            source,
        })?;
        let readers = settings.max_connections.min(SQLITE_READERS);
        Ok(Self {
            pool: pool_options(settings)
                .max_connections(readers)
                .connect_lazy_with(options.clone()),
            writers: pool_options(settings)
                .max_connections(1)
                .connect_lazy_with(options.clone()),
            migration_options: options,
        })
    }
}

/// Only its owner may read the accounts. The files that SQLite puts beside it take over its mode.
fn create_private_file(path: &Path) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

impl SqlStore<Postgres> {
    fn open(url: &str, settings: &StorageSettings) -> std::result::Result<Self, ConnectError> {
        let options = PgConnectOptions::from_str(url)
            .map_err(ConnectError::InvalidUrl)?
            .application_name("vestibule");
        let millis = |timeout: Duration| format!("{}ms", timeout.as_millis());
        let pool_connections = options.clone().options([
            ("statement_timeout", millis(settings.statement_timeout)),
            ("lock_timeout", millis(settings.lock_timeout)),
            // A replica that is cut off in a transaction must not hold its locks.
            (
                "idle_in_transaction_session_timeout",
                millis(2 * settings.statement_timeout),
            ),
        ]);
        let pool = pool_options(settings)
            .max_connections(settings.max_connections)
            .connect_lazy_with(pool_connections);
        // A migration may take its time.
        let migration_options = options.options([
            ("statement_timeout", "0"),
            ("lock_timeout", MIGRATION_LOCK_TIMEOUT),
        ]);
        Ok(Self {
            writers: pool.clone(),
            pool,
            migration_options,
        })
    }
}

/// A connection that was in use a moment ago is not tested again, which saves a round trip for each use of a busy pool.
fn pool_options<DB: Backend>(settings: &StorageSettings) -> PoolOptions<DB> {
    let options = PoolOptions::new()
        .acquire_timeout(settings.acquire_timeout)
        .test_before_acquire(false);
    match DB::TEST_IDLE_AFTER {
        None => options,
        Some(idle) => options.before_acquire(move |connection, meta| {
            Box::pin(async move {
                if meta.idle_for < idle {
                    return Ok(true);
                }
                connection.ping().await.map(|()| true)
            })
        }),
    }
}

#[async_trait]
impl<DB: Backend> Store for SqlStore<DB> {
    async fn connect(&self) -> Result<Box<dyn Repository>> {
        let connection = within::<DB, _>(self.pool.acquire()).await?;
        Ok(Box::new(SqlRepository::<DB, _>::new(connection)))
    }

    async fn begin(&self) -> Result<Box<dyn Transaction>> {
        let transaction = within::<DB, _>(self.writers.begin_with(DB::BEGIN)).await?;
        Ok(Box::new(SqlRepository::<DB, _>::new(transaction)))
    }

    async fn ping(&self) -> Result<()> {
        let mut connection = within::<DB, _>(self.pool.acquire()).await?;
        within::<DB, _>(DB::execute(
            &mut connection,
            "select 1",
            DB::Arguments::default(),
        ))
        .await
        .map(drop)
    }
}

#[async_trait]
impl<DB: Backend> SqlDatabase for SqlStore<DB> {
    async fn migrate(&self) -> std::result::Result<Vec<i64>, MigrationError> {
        let mut connection = self.connect_for_migration().await?;
        let applied = migrate::run::<DB>(&mut connection).await?;
        // The work is done and recorded; how the connection ends changes nothing.
        let _ = connection.close().await;
        Ok(applied)
    }

    async fn pending(&self) -> std::result::Result<Vec<i64>, MigrationError> {
        let mut connection = self.connect_for_migration().await?;
        let pending = migrate::pending::<DB>(&mut connection).await?;
        let _ = connection.close().await;
        Ok(pending)
    }

    async fn close(&self) {
        self.writers.close().await;
        self.pool.close().await;
    }
}

impl<DB: Backend> SqlStore<DB> {
    async fn connect_for_migration(&self) -> std::result::Result<DB::Connection, MigrationError> {
        match tokio::time::timeout(MIGRATION_CONNECT_TIMEOUT, self.migration_options.connect())
            .await
        {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(error)) => Err(MigrationError::from_connect::<DB>(error)),
            Err(_) => Err(MigrationError::Unavailable(sqlx::Error::PoolTimedOut)),
        }
    }
}
