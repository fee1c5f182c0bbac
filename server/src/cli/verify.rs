//! `vestibule verify`.

use std::process::ExitCode;
use std::time::Duration;

use vestibule_core::ports::{Clock as _, SystemClock};
use vestibule_storage::StorageSettings;

use super::database::open_migrated;
use super::{Failure, print};
use crate::config::MaintenanceConfig;

/// Looking at all data takes longer than a request may.
const VERIFY_TIMEOUT: Duration = Duration::from_hours(1);

pub(super) async fn run(config: &MaintenanceConfig) -> Result<ExitCode, Failure> {
    let settings = StorageSettings {
        statement_timeout: VERIFY_TIMEOUT,
        ..config.database.storage
    };
    let database = open_migrated(config, settings).await?;
    let mut store = database.reader().await?;
    let violations = store.violations(SystemClock.now()).await?;
    for violation in &violations {
        print(&format!("{}: {} rows", violation.invariant, violation.rows))?;
    }
    if violations.is_empty() {
        print("Every invariant holds.")
    } else {
        Ok(ExitCode::FAILURE)
    }
}
