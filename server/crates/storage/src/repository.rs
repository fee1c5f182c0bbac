//! One connection as a repository: runs statements and reads rows for every port.
//!
//! Transactions that lock rows of several tables lock them in one order, so that none waits for
//! another in a circle: the account, its mailed links, its refresh families, its sessions, a
//! client, its sessions of apps.

use std::num::TryFromIntError;

use async_trait::async_trait;
use sqlx::error::BoxDynError;
use time::OffsetDateTime;
use uuid::Uuid;
use vestibule_core::mail::{MailKind, MailStatus};
use vestibule_core::model::{
    ClientKind, ClientSource, Language, Purpose, Scopes, SessionKind, SignInMethod,
};
use vestibule_core::ports::{Reader, StoreError, Transaction, Writer};
use vestibule_core::{AuditEvent, AuditRecord};

use crate::backend::{Backend, Bind, Get};
use crate::error::{is_conflict, store_error, unknown_code};
use crate::micros::Micros;
use crate::pool::Held;
use crate::sql::Sql;

pub(crate) type Result<T> = std::result::Result<T, StoreError>;

/// How often a statement that stands for itself is tried once more after a deadlock or a
/// serialization failure: the database undid it as a whole. A transaction is not: what it does next
/// was decided by what it read before.
const RETRIES: u32 = 2;

pub(crate) struct SqlRepository<DB: Backend> {
    pub held: Held<DB>,
    /// Events of the transaction, announced when it is committed.
    unannounced: Vec<AuditRecord>,
}

impl<DB: Backend> SqlRepository<DB> {
    pub fn new(held: Held<DB>) -> Self {
        let unannounced = Vec::new();
        Self { held, unannounced }
    }

    /// Has an event that was written announced: at once, or
    /// with the transaction that it belongs to.
    pub fn announce(&mut self, record: &AuditRecord) {
        if self.held.is_in_transaction() {
            self.unannounced.push(record.clone());
        } else {
            record.announce();
        }
    }

    pub async fn commit_and_announce(&mut self) -> Result<()> {
        self.held.commit().await.map_err(store_error::<DB>)?;
        self.unannounced
            .drain(..)
            .for_each(|event| event.announce());
        Ok(())
    }

    /// What was not committed did not happen, and is not announced with what comes later.
    pub async fn roll_back(&mut self) -> Result<()> {
        self.unannounced.clear();
        self.held.rollback().await.map_err(store_error::<DB>)
    }

    pub fn query(sql: Sql) -> Query<DB> {
        Query {
            sql: DB::sql(sql),
            arguments: Ok(DB::Arguments::default()),
        }
    }

    /// How many rows the statement changed.
    pub async fn execute(&mut self, query: Query<DB>) -> Result<u64> {
        let arguments = query.arguments.map_err(StoreError::Unexpected)?;
        let mut retries = 0;
        loop {
            match self.held.execute(query.sql, arguments.clone()).await {
                Err(error) if self.may_retry(&error, retries) => retries += 1,
                answer => return answer.map_err(store_error::<DB>),
            }
        }
    }

    pub async fn fetch_all<T>(
        &mut self,
        query: Query<DB>,
        read: impl Fn(&Row<DB>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let arguments = query.arguments.map_err(StoreError::Unexpected)?;
        let mut retries = 0;
        let rows = loop {
            match self.held.fetch(query.sql, arguments.clone()).await {
                Err(error) if self.may_retry(&error, retries) => retries += 1,
                answer => break answer.map_err(store_error::<DB>)?,
            }
        };
        rows.into_iter().map(|row| read(&Row(row))).collect()
    }

    /// For statements that give one row at most.
    pub async fn fetch_optional<T>(
        &mut self,
        query: Query<DB>,
        read: fn(&Row<DB>) -> Result<T>,
    ) -> Result<Option<T>> {
        Ok(self.fetch_all(query, read).await?.pop())
    }

    fn may_retry(&self, error: &sqlx::Error, retries: u32) -> bool {
        retries < RETRIES && !self.held.is_in_transaction() && is_conflict::<DB>(error)
    }
}

impl<DB: Backend> Reader for SqlRepository<DB> {}

impl<DB: Backend> Writer for SqlRepository<DB> {}

#[async_trait]
impl<DB: Backend> Transaction for SqlRepository<DB> {
    async fn commit(mut self: Box<Self>) -> Result<()> {
        self.commit_and_announce().await
    }
}

/// A statement with its arguments in order.
pub(crate) struct Query<DB: Backend> {
    sql: &'static str,
    arguments: std::result::Result<DB::Arguments, BoxDynError>,
}

impl<DB: Backend> Query<DB> {
    pub fn bind<T>(mut self, value: T) -> Self
    where
        DB: Bind<T>,
    {
        self.arguments = self.arguments.and_then(|mut arguments| {
            DB::bind(&mut arguments, value)?;
            Ok(arguments)
        });
        self
    }
}

/// A statement with its arguments.
macro_rules! query {
    ($sql:expr $(, $argument:expr)* $(,)?) => {
        $crate::repository::SqlRepository::<DB>::query($sql)$(.bind($argument))*
    };
}
pub(crate) use query;

/// A row of an answer.
pub(crate) struct Row<DB: Backend>(DB::Row);

impl<DB: Backend> Row<DB> {
    pub fn get<T: Column>(&self, column: &'static str) -> Result<T> {
        T::read(self, column)
    }

    fn value<T>(&self, column: &'static str) -> Result<T>
    where
        DB: Get<T>,
    {
        DB::get(&self.0, column).map_err(store_error::<DB>)
    }
}

/// What a column is read as.
pub(crate) trait Column: Sized {
    fn read<DB: Backend>(row: &Row<DB>, column: &'static str) -> Result<Self>;
}

macro_rules! columns {
    ($($type:ty: |$row:ident, $column:ident| $value:expr;)+) => {
        $(impl Column for $type {
            fn read<DB: Backend>($row: &Row<DB>, $column: &'static str) -> Result<Self> {
                $value
            }
        })+
    };
}

columns! {
    Uuid: |row, column| row.value(column);
    Option<Uuid>: |row, column| row.value(column);
    String: |row, column| row.value(column);
    Option<String>: |row, column| row.value(column);
    bool: |row, column| row.value(column);
    i32: |row, column| row.value(column);
    u32: |row, column| count(row.value::<i32>(column)?);
    u64: |row, column| count(row.value::<i64>(column)?);
    OffsetDateTime: |row, column| Ok(row.value::<Micros>(column)?.0);
    Option<OffsetDateTime>: |row, column| Ok(row.value::<Option<Micros>>(column)?.map(|it| it.0));
    AuditEvent: |row, column| code(row, column, Self::from_code);
    MailKind: |row, column| code(row, column, Self::from_code);
    MailStatus: |row, column| code(row, column, Self::from_code);
    Purpose: |row, column| code(row, column, Self::from_code);
    SessionKind: |row, column| code(row, column, Self::from_code);
    SignInMethod: |row, column| code(row, column, Self::from_code);
    ClientKind: |row, column| code(row, column, Self::from_code);
    ClientSource: |row, column| code(row, column, Self::from_code);
    // A newer version may know more scopes than this one.
    Scopes: |row, column| Ok(Self::parse(&row.get::<String>(column)?));
    // A newer version may know more languages than this one.
    Language: |row, column| Ok(Self::from_code(&row.get::<String>(column)?).unwrap_or_default());
}

/// The tables hold no count below zero.
fn count<T, N: TryFrom<T, Error = TryFromIntError>>(number: T) -> Result<N> {
    N::try_from(number).map_err(|error| StoreError::Unexpected(Box::new(error)))
}

/// A member of a closed set of codes.
fn code<DB: Backend, T>(
    row: &Row<DB>,
    column: &'static str,
    from_code: fn(&str) -> Option<T>,
) -> Result<T> {
    from_code(&row.get::<String>(column)?).ok_or_else(|| unknown_code(column))
}

/// Defines what reads a row: each field from the column of its name, or from the one that is named.
macro_rules! readers {
    ($($reader:ident: $type:ident { $($field:ident $(from $column:literal)?),+ $(,)? })+) => {
        $(fn $reader<DB: Backend>(row: &Row<DB>) -> Result<$type> {
            Ok($type { $($field: row.get(readers!(@column $field $($column)?))?),+ })
        })+
    };
    (@column $field:ident) => { stringify!($field) };
    (@column $field:ident $column:literal) => { $column };
}
pub(crate) use readers;
