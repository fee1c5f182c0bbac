//! Both databases accept every statement. Statements are plain text to the compiler, so this is where a misspelt column
//! or a wrong count of arguments shows.

mod common;

use sqlx::{Connection, Executor, PgConnection, SqlSafeStr, SqliteConnection};
use vestibule_testkit::TestDatabase;

#[tokio::test]
async fn every_statement_can_be_prepared_on_sqlite() {
    let database = TestDatabase::sqlite();
    common::migrated(&database).await.close().await;
    let mut connection = SqliteConnection::connect(database.url()).await.unwrap();
    for sql in [
        vestibule_storage::shared_statements(),
        vestibule_storage::sqlite_statements(),
    ]
    .concat()
    {
        let prepared = (&mut connection).prepare(sql.into_sql_str()).await;
        assert!(prepared.is_ok(), "{sql}\n{prepared:?}");
    }
}

#[tokio::test]
async fn every_statement_can_be_prepared_on_postgres() {
    let Some(database) = TestDatabase::postgres().await else {
        return;
    };
    common::migrated(&database).await.close().await;
    let mut connection = PgConnection::connect(database.url()).await.unwrap();
    for sql in [
        vestibule_storage::shared_statements(),
        vestibule_storage::postgres_statements(),
    ]
    .concat()
    {
        let prepared = (&mut connection).prepare(sql.into_sql_str()).await;
        assert!(prepared.is_ok(), "{sql}\n{prepared:?}");
    }
    connection.close().await.unwrap();
}

#[test]
fn statements_are_written_as_the_house_rules_say() {
    let statements = [
        vestibule_storage::shared_statements(),
        vestibule_storage::postgres_statements(),
        vestibule_storage::sqlite_statements(),
    ];
    for sql in statements.concat() {
        for refused in ["now()", "current_timestamp", "select *", "returning *"] {
            assert!(!sql.contains(refused), "{sql}");
        }
        assert_eq!(sql, sql.to_lowercase());
    }
}
