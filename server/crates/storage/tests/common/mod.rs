//! What the tests of this crate share.

#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test file uses a part; a test that cannot go on panics"
)]

use std::sync::Arc;

use vestibule_storage::{SqlDatabase, StorageSettings, connect_store};
use vestibule_testkit::TestDatabase;

pub fn connect(database: &TestDatabase) -> Arc<dyn SqlDatabase> {
    connect_store(&database.url().into(), &StorageSettings::default()).unwrap()
}

pub async fn migrated(database: &TestDatabase) -> Arc<dyn SqlDatabase> {
    let store = connect(database);
    store.migrate().await.unwrap();
    store
}
