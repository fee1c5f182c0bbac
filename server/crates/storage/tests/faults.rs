//! What the store says when the database cannot be used.

mod common;

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use vestibule_core::ports::StoreError;
use vestibule_storage::{ConnectError, MigrationError, StorageSettings, connect_store};
use vestibule_testkit::TestDatabase;

fn quick() -> StorageSettings {
    StorageSettings {
        acquire_timeout: Duration::from_millis(300),
        ..StorageSettings::default()
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_out_of_reach_and_no_error_before_it_is_needed() {
    // Port 1 is nobody's.
    let store = connect_store(&"postgres://a:b@127.0.0.1:1/x".into(), &quick()).unwrap();
    assert!(matches!(
        store.ping().await,
        Err(StoreError::Unavailable(_))
    ));
    assert!(matches!(
        store.begin().await.err(),
        Some(StoreError::Unavailable(_))
    ));
    assert!(matches!(
        store.migrate().await,
        Err(MigrationError::Unavailable(_))
    ));
}

#[tokio::test]
async fn a_url_that_cannot_be_used_is_refused_without_its_password() {
    for url in [
        "mysql://a:secret@host/x",
        "nonsense",
        "",
        "postgres://a:secret@host:port/x",
        "sqlite:x.db?mode=secret",
    ] {
        let error = connect_store(&url.into(), &quick())
            .err()
            .unwrap()
            .to_string();
        assert!(
            !error.contains("secret@") && error.contains("URL"),
            "{error}"
        );
    }
    for url in [
        "sqlite::memory:",
        "sqlite://:memory:",
        "sqlite:x.db?mode=memory",
    ] {
        assert!(
            matches!(
                connect_store(&url.into(), &quick()),
                Err(ConnectError::InMemory)
            ),
            "{url}"
        );
    }
}

#[tokio::test]
async fn the_files_of_sqlite_are_private() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vestibule.db");
    let store = connect_store(&format!("sqlite:{}", file.display()).into(), &quick()).unwrap();
    store.migrate().await.unwrap();
    store.ping().await.unwrap();
    let mut count = 0;
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap();
        assert_eq!(
            file.metadata().unwrap().permissions().mode() & 0o777,
            0o600,
            "{:?}",
            file.path()
        );
        count += 1;
    }
    assert!(count >= 1);
    store.close().await;
}

#[tokio::test]
async fn a_file_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("missing/vestibule.db");
    let error = connect_store(&format!("sqlite:{}", file.display()).into(), &quick())
        .err()
        .unwrap();
    assert!(
        error.to_string().contains("missing/vestibule.db"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_waits_too_long_is_told_to_come_later() {
    let database = TestDatabase::sqlite();
    common::migrated(&database).await.close().await;
    let store = connect_store(&database.url().into(), &quick()).unwrap();
    let held = store.begin().await.unwrap();
    assert!(matches!(
        store.begin().await.err(),
        Some(StoreError::Unavailable(_))
    ));
    // Readers go on.
    store.ping().await.unwrap();
    drop(held);
    store.begin().await.unwrap().commit().await.unwrap();
    store.close().await;
}

#[tokio::test]
async fn connections_that_the_server_ended_are_replaced() {
    let Some(database) = TestDatabase::postgres().await else {
        return;
    };
    let store = common::migrated(&database).await;
    store.ping().await.unwrap();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    database
        .execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()")
        .await;
    store.ping().await.unwrap();
    store.close().await;
}

#[tokio::test]
async fn a_statement_that_waits_for_a_lock_has_a_deadline() {
    let Some(database) = TestDatabase::postgres().await else {
        return;
    };
    let settings = StorageSettings {
        lock_timeout: Duration::from_millis(200),
        ..StorageSettings::default()
    };
    let store = connect_store(&database.url().into(), &settings).unwrap();
    store.migrate().await.unwrap();
    let now = vestibule_testkit::FakeClock::START;
    let key = vestibule_testkit::builders::signing_key("first", now);
    let mut held = store.begin().await.unwrap();
    assert!(held.insert_first_signing_key(&key).await.unwrap());
    let second = vestibule_testkit::builders::signing_key("second", now);
    let waiting = store
        .connect()
        .await
        .unwrap()
        .insert_first_signing_key(&second)
        .await;
    assert!(matches!(waiting, Err(StoreError::Unavailable(_))));
    drop(held);
    store.close().await;
}
