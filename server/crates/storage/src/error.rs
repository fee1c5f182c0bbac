//! From what a driver says to what the port promises.

use sqlx::Error;
use sqlx::error::DatabaseError;
use vestibule_core::ports::StoreError;

use crate::backend::Backend;

/// The connection settings are of no use.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error("must begin with sqlite: or postgres://")]
    UnknownScheme,
    /// The message does not repeat the URL, which may hold a password.
    #[error("is a URL that cannot be read: {0}")]
    InvalidUrl(String),
    #[error(
        "has the parameter `{0}`, which is not known: look at its spelling, or put it into options[...]"
    )]
    UnknownParameter(String),
    #[error(
        "has a character in its user or password that PostgreSQL's sign-in (SCRAM, which prepares both with SASLprep) does not take, an emoji for example: choose another password"
    )]
    Unprepared,
    #[error("{name} names {}, which cannot be read: {source}", path.display())]
    Certificate {
        name: String,
        path: std::path::PathBuf,
        source: std::io::Error,
    },
    #[error(
        "names an sslrootcert, which is only looked at with sslmode=verify-full or verify-ca: add one of them"
    )]
    RootIsIgnored,
    #[error(
        "may reach PostgreSQL without encryption, and not say so: add ?sslmode=verify-full (with &sslrootcert=FILE for a CA of your own), or sslmode=disable where the network is trusted"
    )]
    MayFallBack,
    #[error(
        "names an SQLite database in memory, which cannot be shared between connections: give it a file"
    )]
    InMemory,
    #[error("opens SQLite read only, and the portal writes: take mode and immutable away")]
    ReadOnly,
    #[error("names {}, which cannot be opened for writing: {source}", path.display())]
    File {
        path: std::path::PathBuf,
        source: std::io::Error,
    },
}

impl ConnectError {
    /// What the driver says of a URL, without the words that it puts before each such error.
    pub(crate) fn invalid_url(error: Error) -> Self {
        Self::InvalidUrl(match error {
            Error::Configuration(cause) => cause.to_string(),
            error => error.to_string(),
        })
    }
}

/// The migrations did not all run.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// Out of reach or busy: later may work.
    #[error("the database is out of reach: {0}")]
    Unavailable(#[source] Error),
    /// Later may work.
    #[error("another process is migrating the database and has not finished")]
    Busy,
    /// Not a later one, which a newer version applied and this version runs on, but one between those we know.
    #[error("the database has migration {0}, which is not one of Vestibule's")]
    Foreign(i64),
    /// A recorded migration differs from the embedded one.
    #[error("migration {0} was applied in a different form")]
    Edited(i64),
    #[error("migration {version} failed: {source}")]
    Failed {
        version: i64,
        source: sqlx::migrate::MigrateError,
    },
    #[error("the migration table cannot be used: {0}")]
    Table(#[source] sqlx::migrate::MigrateError),
}

impl MigrationError {
    /// Whether later may work.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Busy)
    }

    pub(crate) fn from_connect<DB: Backend>(error: Error) -> Self {
        if is_transient::<DB>(&error) {
            Self::Unavailable(error)
        } else {
            Self::Table(error.into())
        }
    }
}

pub(crate) fn store_error<DB: Backend>(error: Error) -> StoreError {
    if is_transient::<DB>(&error) {
        return StoreError::Unavailable(Box::new(error));
    }
    match error.as_database_error() {
        Some(database) if database.is_unique_violation() => StoreError::Conflict,
        Some(database) if database.is_foreign_key_violation() => StoreError::Orphan,
        _ => StoreError::Unexpected(Box::new(error)),
    }
}

pub(crate) fn is_transient<DB: Backend>(error: &Error) -> bool {
    match error {
        Error::PoolTimedOut
        | Error::PoolClosed
        | Error::Io(_)
        | Error::Tls(_)
        | Error::WorkerCrashed => true,
        Error::Database(database) => database.code().is_some_and(|code| DB::is_transient(&code)),
        _ => false,
    }
}

/// Whether it was undone because of what others did at the same time.
pub(crate) fn is_conflict<DB: Backend>(error: &Error) -> bool {
    let code = error.as_database_error().and_then(DatabaseError::code);
    code.is_some_and(|code| DB::is_conflict(&code))
}

/// Whether the connection that says so is of no more use.
pub(crate) fn is_lost<DB: Backend>(error: &Error) -> bool {
    match error {
        Error::Database(error) => DB::is_farewell(&**error),
        Error::Io(_) | Error::Tls(_) | Error::Protocol(_) | Error::WorkerCrashed => true,
        _ => false,
    }
}

/// The row holds something that this code never writes.
pub(crate) fn unknown_code(column: &'static str) -> StoreError {
    StoreError::Unexpected(format!("column {column} holds an unknown code").into())
}
