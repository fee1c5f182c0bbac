//! The migrations, embedded in the binary, and the run over them.

use sqlx::SqlSafeStr;
use sqlx::migrate::{AppliedMigration, Migrate, MigrateError, Migration, MigrationType};

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

pub(crate) const POSTGRES: &[Script] =
    scripts!("postgres": 1 "0001_initial", 2 "0002_account_changes");
pub(crate) const SQLITE: &[Script] = scripts!("sqlite": 1 "0001_initial", 2 "0002_account_changes");

const TABLE: &str = "_sqlx_migrations";

type Result<T> = std::result::Result<T, MigrationError>;

/// Applies what is missing and gives its versions. Another replica that migrates at the same time is waited for.
pub(crate) async fn run<DB: Backend>(connection: &mut DB::Connection) -> Result<Vec<i64>> {
    connection.lock().await.map_err(table_error::<DB>)?;
    // The lock ends with the connection if anything fails before it is given back.
    let applied = run_locked::<DB>(connection).await?;
    connection.unlock().await.map_err(table_error::<DB>)?;
    Ok(applied)
}

async fn run_locked<DB: Backend>(connection: &mut DB::Connection) -> Result<Vec<i64>> {
    if !has_table::<DB>(connection).await? {
        connection
            .ensure_migrations_table(TABLE)
            .await
            .map_err(table_error::<DB>)?;
    }
    let recorded = connection
        .list_applied_migrations(TABLE)
        .await
        .map_err(table_error::<DB>)?;
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

/// The versions that are not yet applied. It changes nothing, not even in an empty database.
pub(crate) async fn pending<DB: Backend>(connection: &mut DB::Connection) -> Result<Vec<i64>> {
    let recorded = if has_table::<DB>(connection).await? {
        connection
            .list_applied_migrations(TABLE)
            .await
            .map_err(table_error::<DB>)?
    } else {
        Vec::new()
    };
    Ok(missing::<DB>(&recorded)?
        .into_iter()
        .map(|migration| migration.version)
        .collect())
}

async fn has_table<DB: Backend>(connection: &mut DB::Connection) -> Result<bool> {
    let read = async {
        let rows = DB::fetch(
            connection,
            DB::HAS_MIGRATION_TABLE,
            DB::Arguments::default(),
        )
        .await?;
        rows.first()
            .map_or(Ok(false), |row| <DB as Get<bool>>::get(row, "present"))
    };
    read.await
        .map_err(|error| table_error::<DB>(MigrateError::Execute(error)))
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

fn table_error<DB: Backend>(source: MigrateError) -> MigrationError {
    match source {
        MigrateError::Execute(error) if is_transient::<DB>(&error) => {
            MigrationError::Unavailable(error)
        }
        source => MigrationError::Table(source),
    }
}
