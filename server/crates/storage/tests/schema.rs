//! The migrations: both folders make the same tables, and running them is safe to repeat.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod common;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use vestibule_storage::{MigrationError, embedded_migrations};
use vestibule_testkit::{TestDatabase, databases, ok, or_skip};

/// Table, column, and whether it may be null.
type Shape = BTreeSet<(String, String, bool)>;

#[test]
fn the_folders_hold_what_is_embedded_and_the_same_in_both() {
    let migrations = embedded_migrations();
    assert!(migrations.is_sorted_by_key(|(version, _)| *version));
    for (version, name) in &migrations {
        assert!(name.starts_with(&format!("{version:04}_")), "{name}");
    }
    let embedded: BTreeSet<String> = migrations
        .iter()
        .map(|(_, name)| format!("{name}.sql"))
        .collect();
    for folder in ["postgres", "sqlite"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../../migrations")
            .join(folder);
        let files = std::fs::read_dir(folder).unwrap();
        let files: BTreeSet<String> = files
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        assert_eq!(files, embedded);
    }
}

#[tokio::test]
async fn both_databases_have_the_same_tables_columns_and_nullability() {
    let postgres = or_skip!(TestDatabase::postgres().await);
    let sqlite = TestDatabase::sqlite();
    common::migrated(&postgres).await.close().await;
    common::migrated(&sqlite).await.close().await;
    let expected = shape_of_postgres(postgres.url()).await;
    assert!(expected.len() > 80, "{}", expected.len());
    assert_eq!(shape_of_sqlite(sqlite.url()).await, expected);
}

/// They have more; see `docs/evidence/mission.md`, M4.1 to M4.4.
#[tokio::test]
async fn the_tables_that_the_mission_names_have_all_their_columns() {
    let database = TestDatabase::sqlite();
    common::migrated(&database).await.close().await;
    let shape = shape_of_sqlite(database.url()).await;
    for (table, columns) in [
        (
            "users",
            "id email password_hash first_name last_name is_email_verified is_active last_login_at created_at updated_at
            deleted_at",
        ),
        (
            "refresh_tokens",
            "id user_id token_hash device_info expires_at is_revoked created_at updated_at",
        ),
        (
            "password_reset_tokens",
            "id user_id token_hash expires_at is_used ip_address user_agent created_at",
        ),
        (
            "audit_logs",
            "id user_id event_type details ip_address user_agent success created_at",
        ),
    ] {
        for column in columns.split_whitespace() {
            let is_there = |(of, name, _): &(String, String, bool)| of == table && name == column;
            assert!(shape.iter().any(is_there), "{table}.{column}");
        }
    }
}

async fn shape_of_postgres(url: &str) -> Shape {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let columns: Vec<(String, String, bool)> = ok!(sqlx::query_as(
        "select table_name::text as table_name, column_name::text as column_name, is_nullable = 'YES' as is_nullable
        from information_schema.columns
        where table_schema = 'public' and table_name <> '_sqlx_migrations'",
    )
    .fetch_all(&mut connection));
    connection.close().await.unwrap();
    columns.into_iter().collect()
}

async fn shape_of_sqlite(url: &str) -> Shape {
    let mut connection = SqliteConnection::connect(url).await.unwrap();
    let columns: Vec<(String, String, bool)> = ok!(sqlx::query_as(
        "select t.name as table_name, c.name as column_name, c.\"notnull\" = 0 as is_nullable
        from sqlite_master t
        join pragma_table_info(t.name) c
        where t.type = 'table' and t.name not like 'sqlite_%' and t.name <> '_sqlx_migrations'",
    )
    .fetch_all(&mut connection));
    columns.into_iter().collect()
}

/// Then PostgreSQL keeps the new version of a row on its page and writes no index (HOT).
#[tokio::test]
async fn a_refresh_changes_no_column_of_an_index() {
    let database = or_skip!(TestDatabase::postgres().await);
    common::migrated(&database).await.close().await;
    let indexes = |table: &str, column: &str| {
        format!("from pg_indexes where tablename = '{table}' and indexdef ~ '\\y{column}\\y'")
    };
    for (table, columns) in [
        (
            "refresh_tokens",
            "token_hash previous_hash successor_nonce rotated_at expires_at updated_at",
        ),
        (
            "app_sessions",
            "token_hash previous_hash successor_nonce rotated_at refresh_expires_at",
        ),
        ("sessions", "last_seen_at"),
    ] {
        for column in columns.split_whitespace() {
            let found = database.count(&indexes(table, column)).await;
            assert_eq!(found, 0, "{table}.{column}");
        }
        // It finds those that there are.
        assert!(database.count(&indexes(table, "user_id")).await > 0);
    }
}

#[tokio::test]
async fn migrating_twice_does_nothing_the_second_time() {
    let all: Vec<i64> = embedded_migrations()
        .iter()
        .map(|(version, _)| *version)
        .collect();
    for database in databases().await {
        let store = common::connect(&database);
        assert_eq!(store.pending().await.unwrap(), all);
        // Asking changed nothing.
        assert_eq!(store.pending().await.unwrap(), all);
        assert_eq!(store.migrate().await.unwrap(), all);
        assert_eq!(store.pending().await.unwrap(), [0; 0]);
        assert_eq!(store.migrate().await.unwrap(), [0; 0]);
        store.close().await;
    }
}

/// The key that both the test and the migration lock.
const LOCK: &str = "pg_advisory_lock(8531352012944733548)";

/// Waiting in the database would hold up an index that the other one builds concurrently.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_lock_of_migrations_is_asked_for_and_not_queued_for() {
    let database = or_skip!(TestDatabase::postgres().await);
    let mut other = PgConnection::connect(database.url()).await.unwrap();
    run(&mut other, &format!("select {LOCK}")).await;
    let store = common::connect(&database);
    let migrating = tokio::spawn({
        let store = store.clone();
        async move { store.migrate().await.unwrap() }
    });
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert!(!migrating.is_finished());
    let waiting = "from pg_locks where locktype = 'advisory' and not granted";
    assert_eq!(database.count(waiting).await, 0);
    other.close().await.unwrap();
    assert_eq!(migrating.await.unwrap().len(), embedded_migrations().len());
    store.close().await;
}

/// Cut off at any point, a migration leaves what was there before, and the next run does it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_that_is_cut_off_is_undone_and_run_again() {
    let database = or_skip!(TestDatabase::postgres().await);
    let mut other = PgConnection::connect(database.url()).await.unwrap();
    // The first migration makes this table too, after others, and has to wait for this.
    run(&mut other, "begin; create table mail_outbox (id uuid)").await;
    let store = common::connect(&database);
    let migrating = tokio::spawn({
        let store = store.clone();
        async move { store.migrate().await }
    });
    let stuck =
        "from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    while database.count(stuck).await == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    database
        .execute(&format!("select pg_terminate_backend(pid) {stuck}"))
        .await;
    assert!(matches!(
        migrating.await.unwrap(),
        Err(MigrationError::Unavailable(_))
    ));
    let made = "from information_schema.tables where table_name in ('users', 'mail_outbox')";
    assert_eq!(database.count(made).await, 0);
    run(&mut other, "rollback").await;
    let versions: Vec<i64> = embedded_migrations().iter().map(|it| it.0).collect();
    assert_eq!(store.migrate().await.unwrap(), versions);
    assert_eq!(database.count(made).await, 2);
    store.close().await;
}

async fn run(connection: &mut PgConnection, sql: &str) {
    ok!(sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(connection));
}

#[tokio::test]
async fn a_migration_that_was_edited_is_refused_and_a_later_one_is_not() {
    for database in databases().await {
        let store = common::migrated(&database).await;
        let later =
            "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
            values (9999, 'of a newer version', true, 'sum', 0)";
        database.execute(later).await;
        assert_eq!(store.migrate().await.unwrap(), [0; 0]);

        database
            .execute("update _sqlx_migrations set checksum = 'other' where version = 1")
            .await;
        assert!(matches!(
            store.migrate().await,
            Err(MigrationError::Edited(1))
        ));
        assert!(matches!(
            store.pending().await,
            Err(MigrationError::Edited(1))
        ));

        database
            .execute("update _sqlx_migrations set version = 0 where version = 1")
            .await;
        assert!(matches!(
            store.migrate().await,
            Err(MigrationError::Foreign(0))
        ));
        store.close().await;
    }
}
