//! From what a driver says to what the port promises.

use sqlx::Error;
use sqlx::error::DatabaseError;
use sqlx::migrate::MigrateError;
use sqlx::postgres::PgDatabaseError;
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
    #[expect(clippy::needless_pass_by_value, reason = "as `map_err` passes it")]
    pub(crate) fn invalid_url(error: Error) -> Self {
        let text = error.to_string();
        Self::InvalidUrl(text.replace("error with configuration: ", ""))
    }
}

/// What a driver says, in one line, and without the line of
/// PostgreSQL's own source in which it arose.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Answer(String);

impl Answer {
    pub(crate) fn of(error: &Error) -> Self {
        let database = error.as_database_error();
        let postgres = database.and_then(|error| error.try_downcast_ref::<PgDatabaseError>());
        Self(postgres.map_or_else(
            || error.to_string(),
            |error| format!("{} (SQLSTATE {})", error.message(), error.code()),
        ))
    }
}

/// What is between the portal and the data, or a setting of it, has to be changed: waiting does not
/// help.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error(
        "PostgreSQL refuses the user or the password: {0}; correct them, with special characters percent-encoded (@ is %40)"
    )]
    Credentials(Answer),
    #[error("there is no such database: {0}; create it, or correct the name at the end of the URL")]
    NoDatabase(Answer),
    #[error(
        "the user may not do that: {0}; make it the owner of the database, or grant it connect and create"
    )]
    Privilege(Answer),
    #[error(
        "a pooler before PostgreSQL refuses what the URL asks for: {0}; take `options` away from the URL, or add it to the pooler's ignore_startup_parameters"
    )]
    StartupParameter(Answer),
    #[error(
        "a pooler before PostgreSQL gives each transaction another connection: set VESTIBULE_DATABASE_POOLING=transaction, or let it pool sessions (pool_mode = session)"
    )]
    TransactionPooling,
    #[error(
        "a pooler before PostgreSQL allows no transactions: let it pool sessions (pool_mode = session), or transactions and set VESTIBULE_DATABASE_POOLING=transaction"
    )]
    StatementPooling,
    #[error(
        "what is before PostgreSQL passes over the time-outs that `set` gives: let it pass them on, or name PostgreSQL itself"
    )]
    TimeoutsIgnored,
    #[error("the database takes no writes: it is a standby, or was made read-only")]
    ReadOnly,
    #[error("the database takes no connection: {0}")]
    Connection(Answer),
}

impl Refused {
    /// `PgBouncer` has one code for whatever it refuses, and
    /// much of that passes by itself: only its words show which.
    fn from_driver(error: &Error) -> Option<Self> {
        let database = error.as_database_error()?;
        let (code, message) = (database.code()?, database.message());
        let says = |words: &str| message.contains(words);
        let answer = Answer::of(error);
        match &*code {
            "28P01" | "28000" => Some(Self::Credentials(answer)),
            "08P01" if says("authentication failed") || says("no such user") => {
                Some(Self::Credentials(answer))
            }
            "3D000" => Some(Self::NoDatabase(answer)),
            "08P01" if says("no such database") => Some(Self::NoDatabase(answer)),
            "42501" => Some(Self::Privilege(answer)),
            "08P01" if says("startup parameter") => Some(Self::StartupParameter(answer)),
            _ => None,
        }
    }
}

/// The migrations did not all run.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// Out of reach or busy: later may work.
    #[error("the database is out of reach")]
    Unavailable(#[source] Answer),
    #[error(transparent)]
    Refused(#[from] Refused),
    /// Later may work.
    #[error("another process is migrating the database and has not finished")]
    Busy,
    /// Not a later one, which a newer version applied and
    /// this version runs on, but one between the known ones.
    #[error("the database has migration {0}, which is not one of Vestibule's")]
    Foreign(i64),
    /// A recorded migration differs from the embedded one.
    #[error("migration {0} was applied in a different form")]
    Edited(i64),
    #[error("migration {version} failed")]
    Failed { version: i64, source: Answer },
    #[error("the migration table cannot be used")]
    Table(#[source] Answer),
    #[error(
        "migration {0} runs outside of a transaction, which a pooler of transactions cannot do: run `vestibule migrate` with a URL of PostgreSQL itself"
    )]
    NeedsSession(i64),
}

impl MigrationError {
    /// Whether later may work.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Busy)
    }

    pub(crate) fn late() -> Self {
        Self::Unavailable(Answer("no answer in time".to_owned()))
    }

    pub(crate) fn from_connect<DB: Backend>(error: &Error) -> Self {
        match Self::from_error::<DB>(error) {
            Self::Table(answer) => Refused::Connection(answer).into(),
            error => error,
        }
    }

    pub(crate) fn from_driver<DB: Backend>(error: MigrateError) -> Self {
        match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
                Self::from_error::<DB>(&error)
            }
            error => Self::Table(Answer(error.to_string())),
        }
    }

    fn from_error<DB: Backend>(error: &Error) -> Self {
        if let Some(refused) = Refused::from_driver(error) {
            refused.into()
        } else if is_transient::<DB>(error) {
            Self::Unavailable(Answer::of(error))
        } else {
            Self::Table(Answer::of(error))
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "as `map_err` passes it")]
pub(crate) fn store_error<DB: Backend>(error: Error) -> StoreError {
    if is_transient::<DB>(&error) {
        return StoreError::Unavailable(Box::new(Answer::of(&error)));
    }
    match error.as_database_error() {
        Some(database) if database.is_unique_violation() => StoreError::Conflict,
        Some(database) if database.is_foreign_key_violation() => StoreError::Orphan,
        _ => StoreError::Unexpected(Box::new(Answer::of(&error))),
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
        Error::Database(error) => DB::is_shutdown(&**error),
        Error::Io(_) | Error::Tls(_) | Error::Protocol(_) | Error::WorkerCrashed => true,
        _ => false,
    }
}

/// The row holds something that this code never writes.
pub(crate) fn unknown_code(column: &'static str) -> StoreError {
    StoreError::Unexpected(format!("column {column} holds an unknown code").into())
}
