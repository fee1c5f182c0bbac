//! What the tests of this crate share.

#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test file uses a part; a test that cannot go on panics"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use vestibule_core::ports::StoreError;
use vestibule_storage::{SqlDatabase, StorageSettings, connect_store};
use vestibule_testkit::TestDatabase;

/// Waits longer than a portal would, for machines that have more to do than this.
pub fn connect(database: &TestDatabase) -> Arc<dyn SqlDatabase> {
    const TIMEOUT: Duration = Duration::from_secs(30);
    let settings = StorageSettings {
        connect_timeout: TIMEOUT,
        acquire_timeout: TIMEOUT,
        statement_timeout: TIMEOUT,
        lock_timeout: TIMEOUT,
        ..StorageSettings::default()
    };
    connect_store(&database.url().into(), &settings).unwrap()
}

pub async fn migrated(database: &TestDatabase) -> Arc<dyn SqlDatabase> {
    let store = connect(database);
    store.migrate().await.unwrap();
    store
}

/// Waits for no connection.
pub fn quick() -> StorageSettings {
    StorageSettings {
        acquire_timeout: Duration::from_millis(300),
        ..StorageSettings::default()
    }
}

/// Gives up soon, each wait at another time.
pub fn impatient() -> StorageSettings {
    StorageSettings {
        max_connections: 3,
        connect_timeout: Duration::from_millis(400),
        acquire_timeout: Duration::from_millis(900),
        statement_timeout: Duration::from_millis(300),
        lock_timeout: Duration::from_millis(200),
        ..StorageSettings::default()
    }
}

#[track_caller]
pub fn took_less_than(limit: Duration, started: Instant) {
    let took = started.elapsed();
    assert!(took < limit, "{took:?}");
}

/// Ends every connection of the database but the one that says so.
pub const END_CONNECTIONS: &str = "select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()";

#[track_caller]
pub fn is_unavailable<T>(answer: Result<T, StoreError>) -> String {
    match answer {
        Err(StoreError::Unavailable(error)) => error.to_string(),
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("there was an answer"),
    }
}
