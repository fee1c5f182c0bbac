//! The database as the core sees it: pools, transactions, migrations.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{Connection, Postgres, Sqlite};
use time::OffsetDateTime;
use vestibule_core::ports::{Reader, Store, StoreError, Transaction, Writer};

use crate::backend::{Backend, Get, Options};
use crate::error::{ConnectError, MigrationError, Refused, store_error};
use crate::migrate;
use crate::pool::{Connections, Pool, connect};
use crate::pooling::{self, Setup};
use crate::repository::{Result, SqlRepository, query};
use crate::round_trips::RoundTrips;
use crate::settings::StorageSettings;
use crate::space;
use crate::sql::{Sql, statements};
use crate::url::is_in_memory;

/// Each SQLite connection is a thread with a page cache of its own.
const SQLITE_READERS: u32 = 8;
/// A migration may take its time, but not for ever.
const MIGRATION_DEADLINE: Duration = Duration::from_hours(1);

statements! {
    /// Whether the server takes writes at all, as `writable`. Off in a standby, and where an
    /// operator or a provider has made the database read-only.
    const IS_WRITABLE: Sql = Sql {
        postgres: "select current_setting('transaction_read_only') = 'off' as writable",
        sqlite: "select true as writable",
    };

    const CLOCK: Sql = Sql::only_postgres("select clock_timestamp() as now");
}

/// A store with what its owner does to the database as a whole.
#[async_trait]
pub trait SqlDatabase: Store {
    /// Whether connections can be had that are what [`StorageSettings`] says.
    ///
    /// # Errors
    /// [`MigrationError::Unavailable`] where later may work,
    /// [`MigrationError::Refused`] where a setting is wrong.
    async fn check(&self) -> std::result::Result<(), MigrationError>;

    /// Applies the migrations that are missing, each with its
    /// record in one transaction, and gives their versions.
    ///
    /// # Errors
    /// [`MigrationError::Unavailable`] where later may work.
    async fn migrate(&self) -> std::result::Result<Vec<i64>, MigrationError>;

    /// The versions that [`SqlDatabase::migrate`] would apply. It changes nothing.
    ///
    /// # Errors
    /// [`MigrationError::Unavailable`] where later may work.
    async fn pending(&self) -> std::result::Result<Vec<i64>, MigrationError>;

    /// How often the database was asked something and waited for: statements, the begin and end of
    /// transactions, and tests of connections that were idle.
    fn round_trips(&self) -> u64;

    /// What time it is for the database; `None` for an embedded one, which has no clock of its own.
    ///
    /// # Errors
    /// Those of the store.
    async fn clock(&self) -> Result<Option<OffsetDateTime>>;

    /// Whether it is a server of its own.
    fn is_remote(&self) -> bool;

    /// What the connections are doing.
    fn connections(&self) -> Connections;

    /// Waits for what is under way and closes every connection.
    async fn close(&self);
}

/// Chooses the database by the scheme of the URL: `sqlite:`, `postgres:` or `postgresql:`.
///
/// Connections are made when they are needed, so a database that is not up yet is no error here. An
/// SQLite file is created, readable for its owner only. Call it inside a tokio runtime.
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

/// How long a ping waits for an answer of its own. Shorter than a readiness probe waits.
const PING_TIMEOUT: Duration = Duration::from_secs(1);

struct SqlStore<DB: Backend> {
    options: Options<DB>,
    settings: StorageSettings,
    setup: Setup,
    /// For SQLite those that only read.
    pool: Pool<DB>,
    /// Where what writes begins. For SQLite a pool of one: its
    /// waiting line is fair, where the busy timeout is not.
    writers: Pool<DB>,
    migration_options: Options<DB>,
    migration_setup: Setup,
    /// The one of an embedded database.
    file: Option<PathBuf>,
    round_trips: RoundTrips,
}

impl SqlStore<Sqlite> {
    fn open(url: &str, settings: &StorageSettings) -> std::result::Result<Self, ConnectError> {
        let options = SqliteConnectOptions::from_str(url)
            .map_err(ConnectError::invalid_url)?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            // What was deleted is overwritten: an erased account is not to be read from free pages.
            .pragma("secure_delete", "on")
            .busy_timeout(settings.lock_timeout);
        let path = options.get_filename();
        if is_in_memory(url, path) {
            return Err(ConnectError::InMemory);
        }
        create_private_file(path).map_err(|source| ConnectError::File {
            path: path.to_owned(),
            source,
        })?;
        let round_trips = RoundTrips::default();
        let pool =
            |options, size| Pool::new(options, Setup::default(), size, settings, &round_trips);
        Ok(Self {
            options: options.clone(),
            settings: *settings,
            setup: Setup::default(),
            file: Some(path.to_owned()),
            pool: pool(
                // A write that goes past the one writer fails, the first time that it is tried.
                options.clone().pragma("query_only", "on"),
                settings.max_connections.min(SQLITE_READERS),
            ),
            writers: pool(options.clone(), 1),
            migration_options: options.busy_timeout(migrate::LOCK_TIMEOUT),
            migration_setup: Setup::default(),
            round_trips,
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
            .map_err(ConnectError::invalid_url)?
            .application_name("vestibule")
            // A startup parameter that poolers refuse; without it numbers with fractions are as
            // exact, PostgreSQL 12 and later.
            .extra_float_digits(None);
        let setup = pooling::request_setup(settings);
        let round_trips = RoundTrips::default();
        let pool = Pool::new(
            options.clone(),
            setup.clone(),
            settings.max_connections,
            settings,
            &round_trips,
        );
        Ok(Self {
            writers: pool.clone(),
            pool,
            migration_options: options.clone(),
            migration_setup: pooling::migration_setup(settings.pooling),
            options,
            settings: *settings,
            setup,
            file: None,
            round_trips,
        })
    }
}

#[async_trait]
impl<DB: Backend> Store for SqlStore<DB> {
    async fn reader(&self) -> Result<Box<dyn Reader>> {
        Ok(Box::new(SqlRepository::new(self.pool.acquire().await?)))
    }

    async fn writer(&self) -> Result<Box<dyn Writer>> {
        Ok(Box::new(SqlRepository::new(self.writers.acquire().await?)))
    }

    async fn begin(&self) -> Result<Box<dyn Transaction>> {
        let mut held = self.writers.acquire().await?;
        held.begin().await.map_err(store_error::<DB>)?;
        Ok(Box::new(SqlRepository::new(held)))
    }

    async fn ping(&self) -> Result<()> {
        let asked = self.ask_for_writes();
        match tokio::time::timeout(PING_TIMEOUT, asked).await {
            Ok(answer) => answer,
            // Many wait for a connection, and get one: it is busy and not away. A replica that says
            // otherwise leaves its load to the next one, until none is left.
            Err(_) if self.round_trips.answered_within(PING_TIMEOUT) => Ok(()),
            Err(elapsed) => Err(StoreError::Unavailable(elapsed.into())),
        }
    }
}

#[async_trait]
impl<DB: Backend> SqlDatabase for SqlStore<DB> {
    async fn check(&self) -> std::result::Result<(), MigrationError> {
        if !DB::IS_REMOTE {
            return Ok(());
        }
        let mut first = self.connect(&self.options, &self.setup).await?;
        let mut second = match self.connect(&self.options, &self.setup).await {
            Ok(second) => second,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the database gives one connection and not two: this replica needs as many as database.max_connections says"
                );
                return Ok(());
            }
        };
        let begin = self.setup.begin.as_deref();
        let statement_timeout = self.settings.statement_timeout;
        let checked = pooling::check::<DB>(&mut first, &mut second, begin, statement_timeout);
        let checked = tokio::time::timeout(self.settings.acquire_timeout, checked).await;
        self.close_connection(first).await;
        self.close_connection(second).await;
        match checked {
            Ok(Ok(answer)) => Ok(answer?),
            Ok(Err(error)) => Err(MigrationError::from_connect::<DB>(&error)),
            Err(_) => Err(MigrationError::late()),
        }
    }

    async fn migrate(&self) -> std::result::Result<Vec<i64>, MigrationError> {
        let mut connection = self.connect_for_migration().await?;
        let begin = self.migration_setup.begin.as_deref();
        let run = migrate::run::<DB>(&mut connection, self.settings.connect_timeout, begin);
        let applied = tokio::time::timeout(MIGRATION_DEADLINE, run)
            .await
            .map_err(|_| MigrationError::Busy)??;
        self.close_connection(connection).await;
        Ok(applied)
    }

    async fn pending(&self) -> std::result::Result<Vec<i64>, MigrationError> {
        let mut connection = self.connect_for_migration().await?;
        let begin = self.migration_setup.begin.as_deref();
        let pending =
            migrate::pending::<DB>(&mut connection, self.settings.connect_timeout, begin).await?;
        self.close_connection(connection).await;
        Ok(pending)
    }

    fn round_trips(&self) -> u64 {
        self.round_trips.total()
    }

    async fn clock(&self) -> Result<Option<OffsetDateTime>> {
        if !DB::IS_REMOTE {
            return Ok(None);
        }
        let mut repository = SqlRepository::new(self.pool.acquire().await?);
        let now = query!(CLOCK);
        repository.fetch_optional(now, |row| row.get("now")).await
    }

    fn is_remote(&self) -> bool {
        DB::IS_REMOTE
    }

    fn connections(&self) -> Connections {
        let shared = self.pool.connections();
        // One pool is both where the database takes many writers.
        if DB::IS_REMOTE {
            shared
        } else {
            shared + self.writers.connections()
        }
    }

    async fn close(&self) {
        self.writers.close().await;
        self.pool.close().await;
    }
}

impl<DB: Backend> SqlStore<DB> {
    async fn connect_for_migration(&self) -> std::result::Result<DB::Connection, MigrationError> {
        self.connect(&self.migration_options, &self.migration_setup)
            .await
    }

    async fn connect(
        &self,
        options: &Options<DB>,
        setup: &Setup,
    ) -> std::result::Result<DB::Connection, MigrationError> {
        let connecting = connect::<DB>(options, setup);
        match tokio::time::timeout(self.settings.connect_timeout, connecting).await {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(error)) => Err(MigrationError::from_connect::<DB>(&error)),
            Err(_) => Err(MigrationError::late()),
        }
    }

    /// Whether the database answers and takes writes. A server that takes none was the primary
    /// before a fail-over, or is a standby: new connections may find another one.
    async fn ask_for_writes(&self) -> Result<()> {
        let mut held = self.pool.acquire().await?;
        let rows = held
            .fetch(DB::sql(IS_WRITABLE), DB::Arguments::default())
            .await;
        let rows = rows.map_err(store_error::<DB>)?;
        let is_writable = rows
            .first()
            .map_or(Ok(false), |row| <DB as Get<bool>>::get(row, "writable"));
        if !is_writable.map_err(store_error::<DB>)? {
            held.give_up();
            return Err(StoreError::Unavailable(Refused::ReadOnly.into()));
        }
        let file = self.file.as_deref();
        file.map_or(Ok(()), space::check)
            .map_err(|error| StoreError::Unavailable(error.into()))
    }

    /// The work is done and recorded; how the connection ends changes nothing.
    async fn close_connection(&self, connection: DB::Connection) {
        let _ = tokio::time::timeout(self.settings.connect_timeout, connection.close()).await;
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;
    use vestibule_core::ports::Sessions as _;

    use super::*;

    /// No caller can try: it does not compile. A statement that writes where it should read would
    /// wait by the busy time-out, which is not fair, and nobody would notice.
    #[tokio::test]
    async fn nothing_writes_to_sqlite_past_its_one_writer() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("test.db").display());
        let store = SqlStore::<Sqlite>::open(&url, &StorageSettings::default()).unwrap();
        store.migrate().await.unwrap();
        let (id, now) = (Uuid::nil(), OffsetDateTime::UNIX_EPOCH);
        let mut reader = SqlRepository::new(store.pool.acquire().await.unwrap());
        let refused = reader.reauthenticate(id, now).await;
        assert!(matches!(refused, Err(StoreError::Unavailable(_))));
        let mut writer = SqlRepository::new(store.writers.acquire().await.unwrap());
        assert!(!writer.reauthenticate(id, now).await.unwrap());
        drop((reader, writer));
        store.close().await;
    }
}
