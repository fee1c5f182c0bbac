//! What the one adapter needs of a driver, named once: supertraits are implied where `where`
//! clauses are not, so that the repositories read without bounds.

use std::future::Future;

use sqlx::database::HasStatementCache;
use sqlx::error::{BoxDynError, DatabaseError};
use sqlx::migrate::Migrate;
use sqlx::postgres::{PgDatabaseError, PgQueryResult, PgSeverity};
use sqlx::sqlite::SqliteQueryResult;
use sqlx::{
    ColumnIndex, Connection, Database, Decode, Encode, Executor, IntoArguments, Postgres, Row as _,
    SqlSafeStr, Sqlite, Type,
};
use uuid::Uuid;

use crate::micros::Micros;
use crate::sql::Sql;

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

/// Can run a statement; `is_kept` says whether the connection keeps it prepared.
pub(crate) trait Run: Database {
    /// How many rows the statement changed.
    fn execute(
        connection: &mut Self::Connection,
        sql: &'static str,
        arguments: Self::Arguments,
        is_kept: bool,
    ) -> impl Future<Output = sqlx::Result<u64>> + Send;

    /// Runs the statement to its end, also where one row is all it gives: a write that is left
    /// half-way commits, or fails to commit, unseen.
    fn fetch(
        connection: &mut Self::Connection,
        sql: &'static str,
        arguments: Self::Arguments,
        is_kept: bool,
    ) -> impl Future<Output = sqlx::Result<Vec<Self::Row>>> + Send;

    /// Runs one without arguments, which is not prepared.
    fn ask(
        connection: &mut Self::Connection,
        sql: &'static str,
    ) -> impl Future<Output = sqlx::Result<Vec<Self::Row>>> + Send;

    /// The same without an answer; or several of them.
    fn command(
        connection: &mut Self::Connection,
        sql: impl SqlSafeStr + Send,
    ) -> impl Future<Output = sqlx::Result<()>> + Send;
}

impl<DB> Run for DB
where
    DB: Database<QueryResult: RowsAffected, Arguments: IntoArguments<DB>> + HasStatementCache,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    async fn execute(
        connection: &mut Self::Connection,
        sql: &'static str,
        arguments: Self::Arguments,
        is_kept: bool,
    ) -> sqlx::Result<u64> {
        let result = sqlx::query_with::<DB, _>(sql, arguments)
            .persistent(is_kept)
            .execute(connection)
            .await?;
        Ok(result.rows_affected())
    }

    async fn fetch(
        connection: &mut Self::Connection,
        sql: &'static str,
        arguments: Self::Arguments,
        is_kept: bool,
    ) -> sqlx::Result<Vec<Self::Row>> {
        sqlx::query_with::<DB, _>(sql, arguments)
            .persistent(is_kept)
            .fetch_all(connection)
            .await
    }

    async fn ask(
        connection: &mut Self::Connection,
        sql: &'static str,
    ) -> sqlx::Result<Vec<Self::Row>> {
        sqlx::raw_sql(sql).fetch_all(connection).await
    }

    async fn command(
        connection: &mut Self::Connection,
        sql: impl SqlSafeStr + Send,
    ) -> sqlx::Result<()> {
        sqlx::raw_sql(sql).execute(connection).await.map(drop)
    }
}

/// How connections are made.
pub(crate) type Options<DB> = <<DB as Database>::Connection as Connection>::Options;

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

/// A database that Vestibule runs on.
pub(crate) trait Backend:
    Run
    + Database<Connection: Migrate, Arguments: Clone>
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
    /// Whether connections can break by themselves.
    const IS_REMOTE: bool;
    /// Its name in traces, OpenTelemetry's `db.system.name`.
    const SYSTEM_NAME: &'static str;

    /// The statement as it is for this database.
    fn sql(sql: Sql) -> &'static str;

    /// Whether an error with this code may pass by itself:
    /// out of reach, out of resources, locked, shutting down.
    fn is_transient(code: &str) -> bool;

    /// Whether an error with this code means that the statement
    /// was undone as a whole because of what others did meanwhile.
    fn is_conflict(code: &str) -> bool;

    /// Whether the connection ends with this error, or
    /// leads to where nothing can be written any more.
    fn is_shutdown(error: &dyn DatabaseError) -> bool;
}

impl Backend for Postgres {
    const BEGIN: &'static str = "begin";
    const IS_REMOTE: bool = true;
    const SYSTEM_NAME: &'static str = "postgresql";

    fn sql(sql: Sql) -> &'static str {
        sql.postgres
    }

    /// SQLSTATE: connection exceptions (08), insufficient resources (53), operator intervention
    /// (57P, and 57014 for a statement past its deadline), serialization failure and deadlock, lock
    /// timeout, a standby after a fail-over.
    fn is_transient(code: &str) -> bool {
        code.starts_with("08")
            || code.starts_with("53")
            || code.starts_with("57P0")
            || matches!(
                code,
                "57014" | "40001" | "40P01" | "55P03" | "25006" | "25P03"
            )
    }

    fn is_conflict(code: &str) -> bool {
        matches!(code, "40001" | "40P01")
    }

    /// Read-only (25006) is a server that was the primary before a fail-over;
    /// a new connection finds the one that is.
    fn is_shutdown(error: &dyn DatabaseError) -> bool {
        let severity = error
            .try_downcast_ref::<PgDatabaseError>()
            .map(PgDatabaseError::severity);
        matches!(severity, Some(PgSeverity::Fatal | PgSeverity::Panic))
            || error.code().as_deref() == Some("25006")
    }
}

impl Backend for Sqlite {
    /// A deferred transaction that comes to write fails at once where another one wrote since its
    /// first read; the busy timeout does not help it.
    const BEGIN: &'static str = "begin immediate";
    const IS_REMOTE: bool = false;
    const SYSTEM_NAME: &'static str = "sqlite";

    fn sql(sql: Sql) -> &'static str {
        sql.sqlite
    }

    /// Extended result codes carry the primary code in their low byte:
    /// BUSY, LOCKED, READONLY, IOERR, FULL, CANTOPEN.
    fn is_transient(code: &str) -> bool {
        code.parse::<u32>()
            .is_ok_and(|code| matches!(code & 0xff, 5 | 6 | 8 | 10 | 13 | 14))
    }

    /// The writer before is waited for.
    fn is_conflict(_: &str) -> bool {
        false
    }

    fn is_shutdown(_: &dyn DatabaseError) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_that_may_pass_by_themselves_differ_from_defects() {
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
