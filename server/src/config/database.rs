//! `[database]`

use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use vestibule_storage::{Pooling, StorageSettings, check_url, sqlite_file};

use super::mode::Mode;
use super::reader::Reader;
use super::setting::{Key, settings};
use super::value::choices;

settings! {
    /// `sqlite:FILE` or `postgres://user:password@host/name?sslmode=verify-full&sslrootcert=FILE`
    /// (PostgreSQL 12 or later). Default: `vestibule.db` in the data folder. In production
    /// PostgreSQL on another machine needs an `sslmode` that says for certain whether to encrypt:
    /// `verify-full`, `verify-ca` or `require`; `disable` where the network is trusted.
    URL: Option<SecretString> = "database.url", "DATABASE_URL";
    /// Connections of this replica to PostgreSQL; those of all replicas together must stay below
    /// its `max_connections`. When all are in use a request waits for its turn. (SQLite: at most 8
    /// that read, one that writes.)
    MAX_CONNECTIONS: u32 =
        "database.max_connections", "VESTIBULE_DATABASE_MAX_CONNECTIONS", "16", in 2..=1000;
    /// How long making one connection to PostgreSQL may take, and at the start each look at its
    /// migrations, in milliseconds.
    CONNECT_TIMEOUT_MS: u64 =
        "database.connect_timeout_ms", "VESTIBULE_DATABASE_CONNECT_TIMEOUT_MS", "2000",
        in 100..=60_000;
    /// How long a request waits for a connection, the time to make one included, in milliseconds;
    /// then it is answered with 503.
    ACQUIRE_TIMEOUT_MS: u64 =
        "database.acquire_timeout_ms", "VESTIBULE_DATABASE_ACQUIRE_TIMEOUT_MS", "3000",
        in 100..=60_000;
    /// How long PostgreSQL may work on one statement, in milliseconds. Half a second later it
    /// counts as gone. Either way the answer is 503.
    STATEMENT_TIMEOUT_MS: u64 =
        "database.statement_timeout_ms", "VESTIBULE_DATABASE_STATEMENT_TIMEOUT_MS", "2500",
        in 100..=60_000;
    /// How long a statement may wait for a lock that another holds, in milliseconds.
    LOCK_TIMEOUT_MS: u64 =
        "database.lock_timeout_ms", "VESTIBULE_DATABASE_LOCK_TIMEOUT_MS", "2000",
        in 100..=60_000;
    /// What a connection to PostgreSQL is: `session` without a pooler or behind one that pools
    /// sessions (PgBouncer's `pool_mode = session`, its default), `transaction` behind one that
    /// gives each transaction another connection. Then every statement has a transaction of its
    /// own, which costs two round trips, and none stays prepared. The start stops where a pooler is
    /// not what this says.
    POOLING: Pooling = "database.pooling", "VESTIBULE_DATABASE_POOLING", "session";
    /// Whether `serve` brings the schema up to date first.
    MIGRATE_ON_START: bool = "database.migrate_on_start", "VESTIBULE_MIGRATE_ON_START", "on";
}

choices!(Pooling: "session" => Session, "transaction" => Transaction);

#[derive(Clone, Debug)]
pub struct DatabaseConfig {
    pub url: SecretString,
    pub storage: StorageSettings,
    pub migrate_on_start: bool,
}

impl DatabaseConfig {
    pub(super) fn read(reader: &mut Reader<'_>, mode: Mode, data_dir: &Path) -> Self {
        let default = format!("sqlite:{}", data_dir.join("vestibule.db").display());
        reader.derive(URL, &default);
        let url = reader.secret_url(URL, |url| {
            check_url(url.expose_secret(), mode == Mode::Production)
        });
        Self {
            url: url.unwrap_or_else(|| default.into()),
            storage: read_storage(reader),
            migrate_on_start: reader.get(MIGRATE_ON_START),
        }
    }

    /// The file of an embedded database.
    pub fn file(&self) -> Option<PathBuf> {
        sqlite_file(self.url.expose_secret())
    }
}

fn read_storage(reader: &mut Reader<'_>) -> StorageSettings {
    let mut millis = |key: Key<u64>| Duration::from_millis(reader.get(key));
    let settings = StorageSettings {
        connect_timeout: millis(CONNECT_TIMEOUT_MS),
        acquire_timeout: millis(ACQUIRE_TIMEOUT_MS),
        statement_timeout: millis(STATEMENT_TIMEOUT_MS),
        lock_timeout: millis(LOCK_TIMEOUT_MS),
        max_connections: reader.get(MAX_CONNECTIONS),
        pooling: reader.get(POOLING),
        ..StorageSettings::default()
    };
    if settings.connect_timeout > settings.acquire_timeout {
        reader.refuse(
            CONNECT_TIMEOUT_MS,
            "must be at most database.acquire_timeout_ms, which includes it",
        );
    }
    if settings.lock_timeout > settings.statement_timeout {
        reader.refuse(
            LOCK_TIMEOUT_MS,
            "must be at most database.statement_timeout_ms, which includes it",
        );
    }
    settings
}
