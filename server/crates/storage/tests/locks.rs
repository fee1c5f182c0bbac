//! What waits for what another transaction has locked.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod common;

use std::sync::Arc;
use std::time::{Duration, Instant};

use common::{impatient, is_unavailable, quick, took_less_than};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};
use uuid::Uuid;
use vestibule_core::model::{SessionKind, User};
use vestibule_core::ports::{Expired, Random as _, StoreError};
use vestibule_storage::{SqlDatabase, StorageSettings, connect_store};
use vestibule_testkit::{FakeClock, SeededRandom, TestDatabase, builders, ok, or_skip};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_waits_too_long_is_refused_with_a_time_to_retry() {
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

/// Another process writes to the file. A write that waits for it
/// is refused before the connection is given up.
#[tokio::test]
async fn a_write_to_a_file_that_another_process_locks_has_a_deadline() {
    let database = TestDatabase::sqlite();
    common::migrated(&database).await.close().await;
    let store = connect_store(&database.url().into(), &impatient()).unwrap();
    let mut other = SqliteConnection::connect(database.url()).await.unwrap();
    ok!(sqlx::raw_sql("begin immediate").execute(&mut other));
    let started = Instant::now();
    let mut writer = store.writer().await.unwrap();
    let error = is_unavailable(writer.void_links(Uuid::nil()).await);
    assert!(error.contains("database is locked"), "{error}");
    took_less_than(impatient().statement_timeout, started);
    sqlx::raw_sql("rollback").execute(&mut other).await.unwrap();
    writer.void_links(Uuid::nil()).await.unwrap();
    drop(writer);
    store.close().await;
}

#[tokio::test]
async fn a_statement_that_waits_for_a_lock_has_a_deadline() {
    let database = or_skip!(TestDatabase::postgres().await);
    let settings = StorageSettings {
        lock_timeout: Duration::from_millis(200),
        ..StorageSettings::default()
    };
    let store = connect_store(&database.url().into(), &settings).unwrap();
    store.migrate().await.unwrap();
    let now = FakeClock::START;
    let key = builders::signing_key("first", now);
    let mut held = store.begin().await.unwrap();
    assert!(held.insert_signing_key(&key, None).await.unwrap());
    let second = builders::signing_key("second", now);
    let waiting = ok!(store.writer()).insert_signing_key(&second, None).await;
    assert!(matches!(waiting, Err(StoreError::Unavailable(_))));
    drop(held);
    store.close().await;
}

async fn two_sessions(store: &Arc<dyn SqlDatabase>) -> (User, [Uuid; 2]) {
    let (random, now) = (SeededRandom::default(), FakeClock::START);
    let mut tx = store.begin().await.unwrap();
    let user = builders::new_user(random.id(now), "ann@example.org", now);
    let user = tx.insert_user(&user).await.unwrap();
    let ids = [random.id(now), random.id(now)];
    for id in ids {
        let session = builders::session(id, user.id, SessionKind::Browser, now);
        tx.insert_session(&session, None).await.unwrap();
    }
    tx.commit().await.unwrap();
    (user, ids)
}

/// Another session of the database, which takes locks in an order that the portal does not.
struct Rival(PgConnection);

impl Rival {
    async fn begin(database: &TestDatabase) -> Self {
        let mut rival = Self(PgConnection::connect(database.url()).await.unwrap());
        // The portal waits first, so it is the one that looks for the circle.
        rival.run("set deadlock_timeout = '60s'").await;
        rival.run("begin").await;
        rival
    }

    async fn run(&mut self, sql: &str) {
        ok!(sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut self.0));
    }

    async fn lock(&mut self, session: Uuid) {
        self.run(&format!(
            "update sessions set device = 'rival' where id = '{session}'"
        ))
        .await;
    }
}

/// Looks for a circle once, a second after it began to wait: by then the rival waits as well, also
/// on a busy machine.
fn with_quick_detection(database: &TestDatabase) -> Arc<dyn SqlDatabase> {
    let url = database.url();
    let joint = if url.contains('?') { '&' } else { '?' };
    let url = format!("{url}{joint}options[deadlock_timeout]=1s");
    connect_store(&url.into(), &StorageSettings::default()).unwrap()
}

/// Has `first_write` take the first of two sessions and wait for the second, while a rival that has
/// the second comes to want the first. Gives what came of it.
async fn in_a_circle<T: Send + 'static>(
    database: &TestDatabase,
    [first, second]: [Uuid; 2],
    first_write: impl Future<Output = T> + Send + 'static,
) -> T {
    let mut rival = Rival::begin(database).await;
    rival.lock(second).await;
    let first_write = tokio::spawn(first_write);
    let stuck =
        "from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    while database.count(stuck).await == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // It is answered when the first was undone.
    rival.lock(first).await;
    rival.run("commit").await;
    first_write.await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadlock_is_retried_in_a_statement_and_reported_in_a_transaction() {
    let database = or_skip!(TestDatabase::postgres().await);
    common::migrated(&database).await.close().await;
    let store = with_quick_detection(&database);
    let (user, ids) = two_sessions(&store).await;

    // What it did next was decided by what it read before, so the caller is asked to come again.
    let ending = {
        let store = store.clone();
        async move {
            let mut tx = store.begin().await?;
            for id in ids {
                tx.end_session(user.id, id, FakeClock::START).await?;
            }
            tx.commit().await
        }
    };
    let error = is_unavailable(in_a_circle(&database, ids, ending).await);
    assert!(error.contains("deadlock"), "{error}");
    let sessions = async || {
        let mut reader = store.reader().await.unwrap();
        reader.session_records(user.id).await.unwrap()
    };
    let kept = sessions().await;
    assert!(kept.len() == 2 && kept.iter().all(|it| it.ended_at.is_none()));

    // It stands for itself, so it is run again.
    let deleting = {
        let store = store.clone();
        async move {
            let end = FakeClock::START + time::Duration::days(60);
            let mut store = store.writer().await?;
            store.delete_expired(Expired::Sessions, end, 10).await
        }
    };
    assert_eq!(in_a_circle(&database, ids, deleting).await.unwrap(), 2);
    assert!(sessions().await.is_empty());
    store.close().await;
}

/// A client that goes away takes its request with it, and leaves no lock and no half-read answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_is_dropped_in_the_middle_leaves_its_connection_sound() {
    let database = or_skip!(TestDatabase::postgres().await);
    let settings = StorageSettings {
        max_connections: 2,
        ..StorageSettings::default()
    };
    let store = connect_store(&database.url().into(), &settings).unwrap();
    store.migrate().await.unwrap();
    let (user, [first, second]) = two_sessions(&store).await;
    let mut rival = Rival::begin(&database).await;
    rival.lock(second).await;
    for _ in 0..4 {
        let request = tokio::spawn({
            let store = store.clone();
            async move {
                let mut tx = store.begin().await.unwrap();
                let now = FakeClock::START;
                assert!(tx.end_session(user.id, first, now).await.unwrap());
                tx.end_session(user.id, second, now).await.unwrap()
            }
        });
        tokio::time::sleep(Duration::from_millis(100)).await;
        request.abort();
        assert!(request.await.unwrap_err().is_cancelled());
    }
    rival.run("commit").await;
    let mut tx = store.begin().await.unwrap();
    let now = FakeClock::START;
    assert!(tx.end_session(user.id, first, now).await.unwrap());
    assert!(tx.end_session(user.id, second, now).await.unwrap());
    tx.commit().await.unwrap();
    store.close().await;
}
