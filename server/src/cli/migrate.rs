//! `vestibule migrate`.

use std::process::ExitCode;

use super::database::{bring_up_to_date, open, prepare_data_dir};
use super::{Failure, print};
use crate::config::MaintenanceConfig;

pub(super) async fn run(config: &MaintenanceConfig) -> Result<ExitCode, Failure> {
    if let Some(file) = config.database.file()
        && file.starts_with(&config.data_dir)
    {
        prepare_data_dir(&config.data_dir)?;
    }
    let database = open(&config.database, config.database.storage)?;
    let applied = bring_up_to_date(&*database).await?;
    print(&format!(
        "{} migrations applied; the schema is up to date.",
        applied.len()
    ))
}
