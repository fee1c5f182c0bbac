//! What the one adapter needs of a driver, named once: supertraits are implied where `where` clauses are not, so that
//! the repositories read without bounds.

use std::future::Future;
use std::time::Duration;

use sqlx::error::BoxDynError;
use sqlx::migrate::Migrate;
use sqlx::postgres::PgQueryResult;
use sqlx::sqlite::SqliteQueryResult;
use sqlx::{
    ColumnIndex, Database, Decode, Encode, Executor, IntoArguments, Postgres, Row as _, Sqlite,
    Type,
};
use uuid::Uuid;

use crate::invariants::Check;
use crate::micros::Micros;
use crate::migrate::Script;
use crate::{outbox, users};

/// Can bind a `T`.
pub(crate) trait Bind<T>: Database {
    fn bind(arguments: &mut Self::Arguments, value: T) -> Result<(), BoxDynError>;
}

impl<'q, DB, T> Bind<T> for DB
where
    DB: Database,
    T: Encode<'q, DB> + Type<DB>,
{
    fn bind(arguments: &mut Self::Arguments, value: T) -> Result<(), BoxDynError> {
        sqlx::Arguments::add(arguments, value)
    }
}

/// Can read a `T` from a column.
pub(crate) trait Get<T>: Database {
    fn get(row: &Self::Row, column: &'static str) -> sqlx::Result<T>;
}

impl<DB, T> Get<T> for DB
where
    DB: Database,
    T: for<'r> Decode<'r, DB> + Type<DB>,
    &'static str: ColumnIndex<DB::Row>,
{
    fn get(row: &Self::Row, column: &'static str) -> sqlx::Result<T> {
        row.try_get(column)
    }
}

/// Can run a statement.
pub(crate) trait Run: Database {
    /// How many rows the statement changed.
    fn execute(
        connection: &mut Self::Connection,
        sql: &'static str,
        arguments: Self::Arguments,
    ) -> impl Future<Output = sqlx::Result<u64>> + Send;

    /// Runs the statement to its end, also where one row is all it gives: a write that is left half-way commits, or fails
    /// to commit, unseen.
    fn fetch(
        connection: &mut Self::Connection,
        sql: &'static str,
        arguments: Self::Arguments,
    ) -> impl Future<Output = sqlx::Result<Vec<Self::Row>>> + Send;
}

impl<DB> Run for DB
where
    DB: Database<QueryResult: RowsAffected, Arguments: IntoArguments<DB>>,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    async fn execute(
        connection: &mut Self::Connection,
        sql: &'static str,
        arguments: Self::Arguments,
    ) -> sqlx::Result<u64> {
        let result = sqlx::query_with::<DB, _>(sql, arguments)
            .execute(connection)
            .await?;
        Ok(result.rows_affected())
    }

    async fn fetch(
        connection: &mut Self::Connection,
        sql: &'static str,
        arguments: Self::Arguments,
    ) -> sqlx::Result<Vec<Self::Row>> {
        sqlx::query_with::<DB, _>(sql, arguments)
            .fetch_all(connection)
            .await
    }
}

/// sqlx has the method on each result and no trait for it.
pub(crate) trait RowsAffected {
    fn rows_affected(&self) -> u64;
}

impl RowsAffected for PgQueryResult {
    fn rows_affected(&self) -> u64 {
        PgQueryResult::rows_affected(self)
    }
}

impl RowsAffected for SqliteQueryResult {
    fn rows_affected(&self) -> u64 {
        SqliteQueryResult::rows_affected(self)
    }
}

/// A database that Vestibule runs on, and the few statements that are its own.
pub(crate) trait Backend:
    Run
    + Database<Connection: Migrate>
    + Bind<Uuid>
    + Bind<Option<Uuid>>
    + for<'a> Bind<&'a str>
    + for<'a> Bind<Option<&'a str>>
    + Bind<bool>
    + Bind<i32>
    + Bind<Micros>
    + Bind<Option<Micros>>
    + Get<Uuid>
    + Get<Option<Uuid>>
    + Get<String>
    + Get<Option<String>>
    + Get<bool>
    + Get<i32>
    + Get<i64>
    + Get<Micros>
    + Get<Option<Micros>>
{
    /// Begins a transaction that writes.
    const BEGIN: &'static str;
    /// Leases the mail that has been due longest; see [`outbox`].
    const CLAIM_MAIL: &'static str;
    /// Locks an account that is due for deletion; see [`users`].
    const CLAIM_DUE_DELETION: &'static str;
    /// Whether there is a table of migrations, as `present`.
    const HAS_MIGRATION_TABLE: &'static str;
    /// The embedded migrations, in order.
    const SCRIPTS: &'static [Script];
    /// What only this database can check of itself.
    const CHECKS: &'static [Check];
    /// How long a connection may idle before it is tested at its next use; `None` where it cannot break.
    const TEST_IDLE_AFTER: Option<Duration>;

    /// Whether an error with this code may pass by itself: out of reach, out of resources, locked, shutting down.
    fn is_transient(code: &str) -> bool;
}

impl Backend for Postgres {
    const BEGIN: &'static str = "begin";
    const CLAIM_MAIL: &'static str = outbox::CLAIM_POSTGRES;
    const CLAIM_DUE_DELETION: &'static str = users::CLAIM_DUE_POSTGRES;
    const HAS_MIGRATION_TABLE: &'static str =
        "select to_regclass('_sqlx_migrations') is not null as present";
    const SCRIPTS: &'static [Script] = crate::migrate::POSTGRES;
    const CHECKS: &'static [Check] = &[];
    const TEST_IDLE_AFTER: Option<Duration> = Some(Duration::from_secs(1));

    /// SQLSTATE: connection exceptions (08), insufficient resources (53), operator intervention (57P, and 57014 for a
    /// statement past its deadline), serialization failure and deadlock, lock timeout, a standby after a fail-over.
    fn is_transient(code: &str) -> bool {
        code.starts_with("08")
            || code.starts_with("53")
            || code.starts_with("57P0")
            || matches!(
                code,
                "57014" | "40001" | "40P01" | "55P03" | "25006" | "25P03"
            )
    }
}

impl Backend for Sqlite {
    /// A deferred transaction that comes to write fails at once where another one wrote since its first read; the busy
    /// timeout does not help it.
    const BEGIN: &'static str = "begin immediate";
    const CLAIM_MAIL: &'static str = outbox::CLAIM_SQLITE;
    const CLAIM_DUE_DELETION: &'static str = users::CLAIM_DUE_SQLITE;
    const HAS_MIGRATION_TABLE: &'static str = "select count(*) > 0 as present from sqlite_master where type = 'table' and name = '_sqlx_migrations'";
    const SCRIPTS: &'static [Script] = crate::migrate::SQLITE;
    const CHECKS: &'static [Check] = crate::invariants::SQLITE;
    const TEST_IDLE_AFTER: Option<Duration> = None;

    /// Extended result codes carry the primary code in their low byte: BUSY, LOCKED, READONLY, IOERR, FULL, CANTOPEN.
    fn is_transient(code: &str) -> bool {
        code.parse::<u32>()
            .is_ok_and(|code| matches!(code & 0xff, 5 | 6 | 8 | 10 | 13 | 14))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_that_may_pass_by_themselves_are_told_from_defects() {
        for code in [
            "08006", "53300", "57P01", "57014", "40001", "40P01", "55P03",
        ] {
            assert!(Postgres::is_transient(code), "{code}");
        }
        for code in ["23505", "42P01", "22021", "28P01"] {
            assert!(!Postgres::is_transient(code), "{code}");
        }
        // SQLITE_BUSY, _BUSY_SNAPSHOT, _LOCKED, _READONLY, _IOERR_FSYNC, _FULL, _CANTOPEN.
        for code in ["5", "517", "6", "8", "1034", "13", "14"] {
            assert!(Sqlite::is_transient(code), "{code}");
        }
        // SQLITE_ERROR, _CORRUPT, _CONSTRAINT_UNIQUE.
        for code in ["1", "11", "2067"] {
            assert!(!Sqlite::is_transient(code), "{code}");
        }
    }
}
