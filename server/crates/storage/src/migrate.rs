//! The migrations, embedded in the binary, and the run over them.

use std::time::Duration;

use sqlx::migrate::{AppliedMigration, Migrate, MigrateError, Migration, MigrationType};
use sqlx::{Connection as _, SqlSafeStr};

use crate::backend::{Backend, Get};
use crate::error::{MigrationError, is_transient};

/// A file of `migrations/`.
pub(crate) struct Script {
    pub version: i64,
    pub name: &'static str,
    pub sql: &'static str,
}

/// The files of one folder, in order.
macro_rules! scripts {
    ($folder:literal: $($version:literal $name:literal),+ $(,)?) => {
        &[$(Script {
            version: $version,
            name: $name,
            sql: include_str!(concat!("../../../../migrations/", $folder, "/", $name, ".sql")),
        }),+]
    };
}

pub(crate) const POSTGRES: &[Script] = scripts!("postgres":
    1 "0001_initial",
    2 "0002_account_changes",
    3 "0003_cleanup",
    4 "0004_form_submissions",
);
pub(crate) const SQLITE: &[Script] = scripts!("sqlite":
    1 "0001_initial",
    2 "0002_account_changes",
    3 "0003_cleanup",
    4 "0004_form_submissions",
);

const TABLE: &str = "_sqlx_migrations";

/// How long one process waits for another that migrates, and how often it asks.
pub(crate) const LOCK_TIMEOUT: Duration = Duration::from_mins(1);
const LOCK_INTERVAL: Duration = Duration::from_millis(300);

type Result<T> = std::result::Result<T, MigrationError>;

/// Applies what is missing and gives its versions. Of several processes that migrate at the same time one does it.
///
/// Each question is answered within `patience`, so that a database that froze is told from one that works; a migration takes
/// its time.
pub(crate) async fn run<DB: Backend>(
    connection: &mut DB::Connection,
    patience: Duration,
) -> Result<Vec<i64>> {
    if let Some(try_lock) = DB::TRY_MIGRATION_LOCK {
        wait_for_lock::<DB>(connection, try_lock, patience).await?;
        return run_locked::<DB>(connection, patience).await;
    }
    let mut tx = connection
        .begin_with(DB::BEGIN)
        .await
        .map_err(lock_error::<DB>)?;
    let applied = run_locked::<DB>(&mut tx, patience).await?;
    tx.commit().await.map_err(execute_error::<DB>)?;
    Ok(applied)
}

/// Asks for the lock of migrations until nobody else has it. It ends with the connection.
async fn wait_for_lock<DB: Backend>(
    connection: &mut DB::Connection,
    try_lock: &'static str,
    patience: Duration,
) -> Result<()> {
    let tries = LOCK_TIMEOUT.as_millis() / LOCK_INTERVAL.as_millis();
    for number in 0..tries {
        let is_ours = read_flag::<DB>(connection, try_lock, "locked");
        if in_time(patience, is_ours).await? {
            return Ok(());
        }
        if number == 0 {
            tracing::info!("another process is migrating the database: waiting for it");
        }
        tokio::time::sleep(LOCK_INTERVAL).await;
    }
    Err(MigrationError::Busy)
}

async fn run_locked<DB: Backend>(
    connection: &mut DB::Connection,
    patience: Duration,
) -> Result<Vec<i64>> {
    let recorded = in_time(patience, recorded::<DB>(connection)).await?;
    if recorded.is_empty() {
        connection
            .ensure_migrations_table(TABLE)
            .await
            .map_err(table_error::<DB>)?;
    }
    let mut applied = Vec::new();
    for migration in missing::<DB>(&recorded)? {
        tracing::info!(version = migration.version, name = %migration.description, "applying a migration");
        // Applies and records in one transaction.
        connection
            .apply(TABLE, &migration)
            .await
            .map_err(|source| apply_error::<DB>(migration.version, source))?;
        applied.push(migration.version);
    }
    Ok(applied)
}

/// The versions that are not yet applied, within `patience`. It changes nothing, not even in an empty database.
pub(crate) async fn pending<DB: Backend>(
    connection: &mut DB::Connection,
    patience: Duration,
) -> Result<Vec<i64>> {
    let recorded = in_time(patience, recorded::<DB>(connection)).await?;
    Ok(missing::<DB>(&recorded)?
        .into_iter()
        .map(|migration| migration.version)
        .collect())
}

/// None in an empty database, which has no table of them.
async fn recorded<DB: Backend>(connection: &mut DB::Connection) -> Result<Vec<AppliedMigration>> {
    if !read_flag::<DB>(connection, DB::HAS_MIGRATION_TABLE, "present").await? {
        return Ok(Vec::new());
    }
    connection
        .list_applied_migrations(TABLE)
        .await
        .map_err(table_error::<DB>)
}

/// A database that took the connection may have stopped since, or somebody locks the table.
async fn in_time<T>(patience: Duration, answer: impl Future<Output = Result<T>>) -> Result<T> {
    let late = || {
        let late = std::io::Error::new(std::io::ErrorKind::TimedOut, "no answer in time");
        Err(MigrationError::Unavailable(late.into()))
    };
    tokio::time::timeout(patience, answer)
        .await
        .unwrap_or_else(|_| late())
}

async fn read_flag<DB: Backend>(
    connection: &mut DB::Connection,
    sql: &'static str,
    column: &'static str,
) -> Result<bool> {
    let read = async {
        let rows = DB::fetch(connection, sql, DB::Arguments::default()).await?;
        rows.first()
            .map_or(Ok(false), |row| <DB as Get<bool>>::get(row, column))
    };
    read.await.map_err(execute_error::<DB>)
}

/// What of the embedded migrations is not recorded, in order.
///
/// Later ones than ours are no error: while replicas are replaced one by one, the old ones run on the new schema.
fn missing<DB: Backend>(recorded: &[AppliedMigration]) -> Result<Vec<Migration>> {
    let embedded: Vec<Migration> = DB::SCRIPTS.iter().map(migration).collect();
    let newest = embedded.last().map_or(0, |migration| migration.version);
    let is_foreign =
        |version: i64| version <= newest && embedded.iter().all(|known| known.version != version);
    if let Some(one) = recorded.iter().find(|one| is_foreign(one.version)) {
        return Err(MigrationError::Foreign(one.version));
    }
    let mut missing = Vec::new();
    for migration in embedded {
        match recorded.iter().find(|one| one.version == migration.version) {
            None => missing.push(migration),
            Some(one) if one.checksum == migration.checksum => {}
            Some(one) => return Err(MigrationError::Edited(one.version)),
        }
    }
    Ok(missing)
}

fn migration(script: &Script) -> Migration {
    let runs_alone = script.sql.starts_with("-- no-transaction");
    Migration::new(
        script.version,
        script.name.into(),
        MigrationType::Simple,
        script.sql.into_sql_str(),
        runs_alone,
    )
}

fn apply_error<DB: Backend>(version: i64, source: MigrateError) -> MigrationError {
    match source {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)
            if is_transient::<DB>(&error) =>
        {
            MigrationError::Unavailable(error)
        }
        source => MigrationError::Failed { version, source },
    }
}

fn execute_error<DB: Backend>(error: sqlx::Error) -> MigrationError {
    table_error::<DB>(MigrateError::Execute(error))
}

/// A database that is locked for as long as a writer waits is another one's.
fn lock_error<DB: Backend>(error: sqlx::Error) -> MigrationError {
    if error.as_database_error().is_some() && is_transient::<DB>(&error) {
        MigrationError::Busy
    } else {
        execute_error::<DB>(error)
    }
}

fn table_error<DB: Backend>(source: MigrateError) -> MigrationError {
    match source {
        MigrateError::Execute(error) if is_transient::<DB>(&error) => {
            MigrationError::Unavailable(error)
        }
        source => MigrationError::Table(source),
    }
}
