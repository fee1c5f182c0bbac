//! The migrations, embedded in the binary, and the run over them.

use std::time::Duration;

use sqlx::migrate::{AppliedMigration, Migrate, MigrateError, Migration, MigrationType};
use sqlx::{AssertSqlSafe, Connection as _, SqlSafeStr};

use crate::backend::{Backend, Get};
use crate::error::{MigrationError, is_transient};
use crate::sql::{Sql, statements};

/// A pair of files of `migrations/`.
pub(crate) struct Script {
    pub version: i64,
    pub name: &'static str,
    pub sql: Sql,
}

macro_rules! script {
    ($folder:literal, $name:literal) => {
        include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../../migrations/",
            $folder,
            "/",
            $name,
            ".sql"
        ))
    };
}

macro_rules! scripts {
    ($($version:literal $name:literal),+ $(,)?) => {
        &[$(Script {
            version: $version,
            name: $name,
            sql: Sql {
                postgres: script!("postgres", $name),
                sqlite: script!("sqlite", $name),
            },
        }),+]
    };
}

/// The embedded migrations, in order: all that are in the folders, by `build.rs`.
pub(crate) const SCRIPTS: &[Script] = include!(concat!(env!("OUT_DIR"), "/migrations.rs"));

statements! {
    /// Whether there is a table of migrations, as `present`.
    const HAS_TABLE: Sql = Sql {
        postgres: "select to_regclass('_sqlx_migrations') is not null as present",
        sqlite: "select count(*) > 0 as present from sqlite_master where type = 'table' and name = '_sqlx_migrations'",
    };

    /// Takes the lock of migrations if nobody has it, as `locked`. It ends with the connection;
    /// where there is no such statement, a transaction that writes is that lock. Not the waiting
    /// form: a statement that waits keeps its snapshot, and an index that is built concurrently
    /// waits for every snapshot, so the two would wait for each other.
    const TRY_LOCK: Sql = Sql::only_postgres("select pg_try_advisory_lock(8531352012944733548) as locked");

    /// The same lock, for as long as a transaction lasts.
    const TRY_LOCK_OF_TRANSACTION: Sql = Sql {
        postgres: "select pg_try_advisory_xact_lock(8531352012944733548) as locked",
        sqlite: "select true as locked",
    };
}

const TABLE: &str = "_sqlx_migrations";

/// How long one process waits for another that migrates, and how often it asks.
pub(crate) const LOCK_TIMEOUT: Duration = Duration::from_mins(1);
const LOCK_INTERVAL: Duration = Duration::from_millis(300);

type Result<T> = std::result::Result<T, MigrationError>;

/// Applies what is missing and gives its versions. Of several
/// processes that migrate at the same time one does it.
///
/// Each question is answered within `timeout`, so that a database that froze differs from one that
/// works; a migration takes its time. Where connections are shared between transactions, `begin`
/// begins the one in which all of it happens.
pub(crate) async fn run<DB: Backend>(
    connection: &mut DB::Connection,
    timeout: Duration,
    begin: Option<&str>,
) -> Result<Vec<i64>> {
    if let Some(begin) = begin {
        let mut tx = begin_shared::<DB>(connection, begin).await?;
        wait_for_lock::<DB>(&mut tx, TRY_LOCK_OF_TRANSACTION, timeout).await?;
        let applied = run_locked::<DB>(&mut tx, timeout, false).await?;
        end_shared::<DB>(tx).await?;
        return Ok(applied);
    }
    if !DB::sql(TRY_LOCK).is_empty() {
        wait_for_lock::<DB>(connection, TRY_LOCK, timeout).await?;
        return run_locked::<DB>(connection, timeout, true).await;
    }
    let mut tx = connection
        .begin_with(DB::BEGIN)
        .await
        .map_err(lock_error::<DB>)?;
    let applied = run_locked::<DB>(&mut tx, timeout, true).await?;
    tx.commit().await.map_err(execute_error::<DB>)?;
    Ok(applied)
}

/// The driver's statements about migrations stay prepared, under names that another connection of
/// this portal gives as well. Those that are left on this server belong to no connection any more.
const FORGET_STATEMENTS: &str = "deallocate all";

async fn begin_shared<'c, DB: Backend>(
    connection: &'c mut DB::Connection,
    begin: &str,
) -> Result<sqlx::Transaction<'c, DB>> {
    let mut tx = connection
        .begin_with(AssertSqlSafe(begin.to_owned()))
        .await
        .map_err(execute_error::<DB>)?;
    DB::command(&mut tx, FORGET_STATEMENTS)
        .await
        .map_err(execute_error::<DB>)?;
    Ok(tx)
}

async fn end_shared<DB: Backend>(mut tx: sqlx::Transaction<'_, DB>) -> Result<()> {
    DB::command(&mut tx, FORGET_STATEMENTS)
        .await
        .map_err(execute_error::<DB>)?;
    tx.commit().await.map_err(execute_error::<DB>)
}

/// Asks for the lock of migrations until nobody else has it. It ends with the connection.
async fn wait_for_lock<DB: Backend>(
    connection: &mut DB::Connection,
    try_lock: Sql,
    timeout: Duration,
) -> Result<()> {
    let tries = LOCK_TIMEOUT.as_millis() / LOCK_INTERVAL.as_millis();
    for number in 0..tries {
        let is_ours = read_flag::<DB>(connection, try_lock, "locked");
        if in_time(timeout, is_ours).await? {
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
    timeout: Duration,
    is_own: bool,
) -> Result<Vec<i64>> {
    let recorded = in_time(timeout, recorded::<DB>(connection)).await?;
    if recorded.is_empty() {
        connection
            .ensure_migrations_table(TABLE)
            .await
            .map_err(MigrationError::from_driver::<DB>)?;
    }
    let mut applied = Vec::new();
    for migration in missing::<DB>(&recorded)? {
        if migration.no_tx && !is_own {
            return Err(MigrationError::NeedsSession(migration.version));
        }
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

/// The versions that are not yet applied, within `timeout`.
/// It changes nothing, not even in an empty database.
pub(crate) async fn pending<DB: Backend>(
    connection: &mut DB::Connection,
    timeout: Duration,
    begin: Option<&str>,
) -> Result<Vec<i64>> {
    let recorded = in_time(timeout, async {
        let Some(begin) = begin else {
            return recorded::<DB>(connection).await;
        };
        let mut tx = begin_shared::<DB>(connection, begin).await?;
        let recorded = recorded::<DB>(&mut tx).await?;
        end_shared::<DB>(tx).await?;
        Ok(recorded)
    });
    let recorded = recorded.await?;
    Ok(missing::<DB>(&recorded)?
        .into_iter()
        .map(|migration| migration.version)
        .collect())
}

/// None in an empty database, which has no table of them.
async fn recorded<DB: Backend>(connection: &mut DB::Connection) -> Result<Vec<AppliedMigration>> {
    if !read_flag::<DB>(connection, HAS_TABLE, "present").await? {
        return Ok(Vec::new());
    }
    connection
        .list_applied_migrations(TABLE)
        .await
        .map_err(MigrationError::from_driver::<DB>)
}

/// A database that took the connection may have stopped since, or another session locks the table.
async fn in_time<T>(timeout: Duration, answer: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::time::timeout(timeout, answer)
        .await
        .unwrap_or_else(|_| Err(MigrationError::late()))
}

async fn read_flag<DB: Backend>(
    connection: &mut DB::Connection,
    sql: Sql,
    column: &'static str,
) -> Result<bool> {
    let read = async {
        let rows = DB::ask(connection, DB::sql(sql)).await?;
        rows.first()
            .map_or(Ok(false), |row| <DB as Get<bool>>::get(row, column))
    };
    read.await.map_err(execute_error::<DB>)
}

/// What of the embedded migrations is not recorded, in order.
///
/// Later ones than this program has are no error: while replicas are
/// replaced one by one, the old ones run on the new schema.
fn missing<DB: Backend>(recorded: &[AppliedMigration]) -> Result<Vec<Migration>> {
    let embedded: Vec<Migration> = SCRIPTS.iter().map(migration::<DB>).collect();
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

fn migration<DB: Backend>(script: &Script) -> Migration {
    let sql = DB::sql(script.sql);
    let runs_alone = sql.starts_with("-- no-transaction");
    Migration::new(
        script.version,
        script.name.into(),
        MigrationType::Simple,
        sql.into_sql_str(),
        runs_alone,
    )
}

fn apply_error<DB: Backend>(version: i64, source: MigrateError) -> MigrationError {
    match MigrationError::from_driver::<DB>(source) {
        MigrationError::Table(source) => MigrationError::Failed { version, source },
        error => error,
    }
}

fn execute_error<DB: Backend>(error: sqlx::Error) -> MigrationError {
    MigrationError::from_driver::<DB>(error.into())
}

/// A database that is locked for as long as a writer waits is another one's.
fn lock_error<DB: Backend>(error: sqlx::Error) -> MigrationError {
    if error.as_database_error().is_some() && is_transient::<DB>(&error) {
        MigrationError::Busy
    } else {
        execute_error::<DB>(error)
    }
}
