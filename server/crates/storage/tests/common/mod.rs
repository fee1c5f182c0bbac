//! What the tests of this crate share.

#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test file uses a part; a test that cannot go on panics"
)]

pub mod wire;

use std::sync::Arc;
use std::time::Duration;

use vestibule_storage::{SqlDatabase, StorageSettings, connect_store};
use vestibule_testkit::TestDatabase;

/// Waits longer than a portal would, for machines that have more to do than this.
pub fn connect(database: &TestDatabase) -> Arc<dyn SqlDatabase> {
    const PATIENCE: Duration = Duration::from_secs(9);
    let settings = StorageSettings {
        acquire_timeout: PATIENCE,
        statement_timeout: PATIENCE,
        lock_timeout: PATIENCE,
        ..StorageSettings::default()
    };
    connect_store(&database.url().into(), &settings).unwrap()
}

pub async fn migrated(database: &TestDatabase) -> Arc<dyn SqlDatabase> {
    let store = connect(database);
    store.migrate().await.unwrap();
    store
}
