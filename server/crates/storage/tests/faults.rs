//! What the store says when the database cannot be used.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod common;

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::{END_CONNECTIONS, impatient, is_unavailable, quick, took_less_than};
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection as _, PgConnection};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use vestibule_core::model::KeyKind;
use vestibule_core::ports::StoreError;
use vestibule_daemons::Line;
use vestibule_storage::{MigrationError, StorageSettings, connect_store};
use vestibule_testkit::{FakeClock, TestDatabase, databases, or_skip};

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
async fn connections_that_the_server_ended_are_replaced() {
    let database = or_skip!(TestDatabase::postgres().await);
    let store = common::migrated(&database).await;
    store.ping().await.unwrap();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    database.execute(END_CONNECTIONS).await;
    store.ping().await.unwrap();
    store.close().await;
}

/// A long timeout for a connection of the pool is not a
/// long wait for a server that does not answer.
#[tokio::test]
async fn a_server_that_takes_connections_and_says_nothing_is_given_up_soon() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("postgres://a@{}/x", listener.local_addr().unwrap());
    let settings = StorageSettings {
        acquire_timeout: Duration::from_mins(1),
        ..impatient()
    };
    let store = connect_store(&url.into(), &settings).unwrap();
    let started = Instant::now();
    is_unavailable(store.ping().await);
    assert!(matches!(
        store.migrate().await,
        Err(MigrationError::Unavailable(_))
    ));
    took_less_than(Duration::from_secs(3), started);
}

/// It took the connection and does not answer, as one that
/// froze while the portal starts; here because of a lock.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_look_at_the_migrations_has_a_deadline() {
    let database = or_skip!(TestDatabase::postgres().await);
    common::migrated(&database).await.close().await;
    let mut rival = PgConnection::connect(database.url()).await.unwrap();
    let lock = "begin; lock table _sqlx_migrations in access exclusive mode";
    sqlx::raw_sql(lock).execute(&mut rival).await.unwrap();
    let store = connect_store(&database.url().into(), &impatient()).unwrap();
    let started = Instant::now();
    for answer in [store.pending().await, store.migrate().await] {
        let error = answer.unwrap_err();
        assert!(matches!(error, MigrationError::Unavailable(_)), "{error}");
    }
    took_less_than(Duration::from_secs(3), started);
    sqlx::raw_sql("commit").execute(&mut rival).await.unwrap();
    assert_eq!(store.pending().await.unwrap(), [0; 0]);
    assert_eq!(store.migrate().await.unwrap(), [0; 0]);
    store.close().await;
}

/// Neither the requests that find out nor the connections that
/// are lost by it keep a place, and nothing has to be restarted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_goes_dark_is_reported_in_time_and_found_again() {
    let database = or_skip!(TestDatabase::postgres().await);
    common::migrated(&database).await.close().await;
    let server: PgConnectOptions = database.url().parse().unwrap();
    let server = format!("{}:{}", server.get_host(), server.get_port());
    let line = Line::to(server.replace("localhost", "127.0.0.1").parse().unwrap()).unwrap();
    let url = database
        .url()
        .replacen(&server, &line.address().to_string(), 1);
    let store = connect_store(&url.into(), &impatient()).unwrap();
    // In the middle of a transaction, between two statements, and idle.
    let transaction = store.begin().await.unwrap();
    let mut connection = store.reader().await.unwrap();
    store.ping().await.unwrap();
    line.silence();
    let started = Instant::now();
    is_unavailable(transaction.commit().await);
    is_unavailable(connection.user_by_id(uuid::Uuid::nil()).await);
    drop(connection);
    took_less_than(Duration::from_secs(2), started);
    // Many more than there are places.
    let waiting: Vec<_> = (0..20)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { is_unavailable(store.ping().await) })
        })
        .collect();
    let started = Instant::now();
    for request in waiting {
        request.await.unwrap();
    }
    took_less_than(Duration::from_secs(2), started);
    line.restore();
    let held = [
        store.begin().await.unwrap(),
        store.begin().await.unwrap(),
        store.begin().await.unwrap(),
    ];
    drop(held);
    store.ping().await.unwrap();
    store.close().await;
}

/// As after a restart: the others fail once for all of them, not each once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_ended_together_are_found_out_together() {
    let database = or_skip!(TestDatabase::postgres().await);
    let settings = StorageSettings {
        test_idle_after: Duration::from_hours(1),
        ..StorageSettings::default()
    };
    let store = connect_store(&database.url().into(), &settings).unwrap();
    store.migrate().await.unwrap();
    let mut held = Vec::new();
    for _ in 0..5 {
        held.push(store.reader().await.unwrap());
    }
    drop(held);
    database.execute(END_CONNECTIONS).await;
    is_unavailable(store.ping().await);
    for _ in 0..5 {
        store.ping().await.unwrap();
    }
    store.close().await;
}

/// What every request waits for is counted.
#[tokio::test]
async fn round_trips_are_counted() {
    for database in vestibule_testkit::databases().await {
        let store = common::migrated(&database).await;
        let mut before = store.round_trips();
        let mut more = || {
            let (earlier, now) = (before, store.round_trips());
            before = now;
            now - earlier
        };
        assert_eq!(more(), 0, "a migration is no request");
        store.ping().await.unwrap();
        assert_eq!(more(), 1);
        let mut connection = store.writer().await.unwrap();
        connection.user_by_id(uuid::Uuid::nil()).await.unwrap();
        connection.void_links(uuid::Uuid::nil()).await.unwrap();
        drop(connection);
        assert_eq!(more(), 3);
        store.begin().await.unwrap().commit().await.unwrap();
        assert_eq!(more(), 2);
        drop(store.begin().await.unwrap());
        assert_eq!(more(), 2, "what is left open is undone");
        if database.is_postgres() {
            tokio::time::sleep(Duration::from_millis(1100)).await;
            store.ping().await.unwrap();
            assert_eq!(more(), 2, "a connection that was idle is tested");
        }
        store.close().await;
    }
}

/// There is no way back to a connection without encryption, whatever the server says.
#[tokio::test]
async fn a_server_without_tls_is_not_talked_to_where_tls_is_asked_for() {
    for mode in ["require", "verify-ca", "verify-full"] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!(
            "postgres://a:secret@{}/x?sslmode={mode}",
            listener.local_addr().unwrap()
        );
        let server = tokio::spawn(async move {
            let (mut client, _) = listener.accept().await.unwrap();
            let mut request = [0; 8];
            client.read_exact(&mut request).await.unwrap();
            client.write_all(b"N").await.unwrap();
            let mut rest = Vec::new();
            client.read_to_end(&mut rest).await.unwrap();
            rest
        });
        let store = connect_store(&url.into(), &quick()).unwrap();
        let error = is_unavailable(store.ping().await);
        assert!(error.contains("TLS"), "{error}");
        assert_eq!(server.await.unwrap(), [0; 0], "{mode}");
    }
}

/// A crowd that waits for connections is no reason to take a replica out;
/// connections that nobody answers on are.
#[tokio::test]
async fn a_busy_database_differs_from_one_that_is_away() {
    for database in databases().await {
        let settings = StorageSettings {
            max_connections: 2,
            ..StorageSettings::default()
        };
        let store = connect_store(&database.url().into(), &settings).unwrap();
        store.migrate().await.unwrap();
        let now = FakeClock::START;
        let crowd: Vec<_> = (0..400)
            .map(|_| {
                let store = Arc::clone(&store);
                tokio::spawn(async move {
                    let mut held = store.reader().await?;
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    held.signing_keys(KeyKind::PORTAL, now).await
                })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(store.connections().waiting > 100);
        store.ping().await.unwrap();
        for one in crowd {
            one.abort();
        }
        let mut held = Vec::new();
        while let Ok(one) = store.reader().await {
            held.push(one);
        }
        is_unavailable(store.ping().await);
        drop(held);
        store.ping().await.unwrap();
        store.close().await;
    }
}

/// A fail-over, a standby, a provider who makes a full database read-only: what answers is of no
/// use, and a new connection may find what is.
#[tokio::test]
async fn a_database_that_takes_no_writes_is_not_ready_until_it_does() {
    let database = or_skip!(TestDatabase::postgres().await);
    let store = common::migrated(&database).await;
    store.ping().await.unwrap();
    let turn = async |read_only: &str| {
        let sql = format!(
            "begin read write; do $$ begin execute format('alter database %I set default_transaction_read_only = {read_only}', current_database()); end $$; commit"
        );
        database.execute(&sql).await;
    };
    turn("on").await;
    database.execute(END_CONNECTIONS).await;
    // The first one may find that its connection has ended.
    let _ = store.ping().await;
    let said = common::is_unavailable(store.ping().await);
    assert!(said.contains("takes no writes"), "{said}");
    turn("off").await;
    store.ping().await.unwrap();
    store.close().await;
}
