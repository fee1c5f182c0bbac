//! What the commands that use the database share.

use std::path::Path;
use std::sync::Arc;

use vestibule_storage::{MigrationError, SqlDatabase, StorageSettings, connect_store};

use super::Failure;
use crate::config::{DatabaseConfig, MaintenanceConfig};
use crate::process::master_key;
use crate::process::retry::retry_until_up;

const SETTING: &str = "DATABASE_URL (database.url)";

/// Opens a database that is there and up to date, and makes nothing.
pub(super) async fn open_migrated(
    config: &MaintenanceConfig,
    settings: StorageSettings,
) -> Result<Arc<dyn SqlDatabase>, Failure> {
    if let Some(file) = config.database.file()
        && !file.exists()
    {
        let file = file.display();
        return Err(Failure::setting(
            SETTING,
            format!(
                "names {file}, which is not there: name the file of a portal, or run `vestibule migrate` to make it"
            ),
        ));
    }
    let database = open(&config.database, settings)?;
    database.check().await.map_err(failure)?;
    refuse_old_schema(&database.pending().await.map_err(failure)?)?;
    Ok(database)
}

pub(super) fn open(
    config: &DatabaseConfig,
    settings: StorageSettings,
) -> Result<Arc<dyn SqlDatabase>, Failure> {
    connect_store(&config.url, &settings).map_err(|error| Failure::setting(SETTING, error))
}

/// Waits for the database, and applies what is missing.
pub(super) async fn bring_up_to_date(database: &dyn SqlDatabase) -> Result<Vec<i64>, Failure> {
    let migrate = || async move {
        database.check().await?;
        database.migrate().await
    };
    retry_until_up(migrate, MigrationError::may_pass)
        .await
        .map_err(failure)
}

/// Waits for the database, which another process brings up to date.
pub(super) async fn wait_until_up_to_date(database: &dyn SqlDatabase) -> Result<(), Failure> {
    let pending = || async move {
        database.check().await?;
        database.pending().await
    };
    let pending = retry_until_up(pending, MigrationError::may_pass).await;
    refuse_old_schema(&pending.map_err(failure)?)
}

#[expect(clippy::needless_pass_by_value, reason = "as `map_err` passes it")]
fn failure(error: MigrationError) -> Failure {
    Failure::new(format!("{SETTING}: {}", super::chain(&error)))
}

fn refuse_old_schema(pending: &[i64]) -> Result<(), Failure> {
    if pending.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!(
        "{SETTING}: the schema is not up to date: run `vestibule migrate`"
    )))
}

pub(super) fn prepare_data_dir(folder: &Path) -> Result<(), Failure> {
    master_key::prepare_data_dir(folder).map_err(|error| {
        Failure::setting(
            "VESTIBULE_DATA_DIR (data_dir)",
            format!(
                "names {}, which cannot be written: {error}; give the folder to this user or name another",
                folder.display()
            ),
        )
    })
}
