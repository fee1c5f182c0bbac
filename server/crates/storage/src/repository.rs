//! One connection as a repository: runs statements and reads rows for every port.
//!
//! Transactions that lock rows of several tables lock them in one order, so that none waits for another in a circle:
//! the account, its mailed tokens, its refresh families, its sessions.

use std::future::Future;
use std::marker::PhantomData;
use std::ops::DerefMut;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::error::BoxDynError;
use time::OffsetDateTime;
use vestibule_core::ports::{Repository, StoreError, Transaction};

use crate::backend::{Backend, Bind, Get};
use crate::error::{store_error, unknown_code};
use crate::micros::Micros;

pub(crate) type Result<T> = std::result::Result<T, StoreError>;

/// Longer than the deadlines that the databases keep themselves; it is for a database that does not answer at all.
const DEADLINE: Duration = Duration::from_secs(10);

/// Something that holds a connection: one from the pool, or a transaction on one.
pub(crate) trait Hold<DB: Backend>: DerefMut<Target = DB::Connection> + Send {}

impl<DB: Backend, C: DerefMut<Target = DB::Connection> + Send> Hold<DB> for C {}

pub(crate) struct SqlRepository<DB, C> {
    held: C,
    database: PhantomData<fn() -> DB>,
}

impl<DB: Backend, C: Hold<DB>> SqlRepository<DB, C> {
    pub fn new(held: C) -> Self {
        Self {
            held,
            database: PhantomData,
        }
    }

    pub fn query(sql: &'static str) -> Query<DB> {
        Query {
            sql,
            arguments: Ok(DB::Arguments::default()),
        }
    }

    /// How many rows the statement changed.
    pub async fn execute(&mut self, query: Query<DB>) -> Result<u64> {
        let arguments = query.arguments.map_err(StoreError::Unexpected)?;
        within::<DB, _>(DB::execute(&mut self.held, query.sql, arguments)).await
    }

    pub async fn fetch_all<T>(
        &mut self,
        query: Query<DB>,
        read: fn(&Row<DB>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let arguments = query.arguments.map_err(StoreError::Unexpected)?;
        let rows = within::<DB, _>(DB::fetch(&mut self.held, query.sql, arguments)).await?;
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
}

impl<DB: Backend, C: Hold<DB>> Repository for SqlRepository<DB, C> {}

#[async_trait]
impl<DB: Backend> Transaction for SqlRepository<DB, sqlx::Transaction<'static, DB>> {
    async fn commit(self: Box<Self>) -> Result<()> {
        within::<DB, _>(self.held.commit()).await
    }
}

/// Every wait that leaves the process has a deadline.
pub(crate) async fn within<DB: Backend, T>(
    answer: impl Future<Output = sqlx::Result<T>>,
) -> Result<T> {
    match tokio::time::timeout(DEADLINE, answer).await {
        Ok(answer) => answer.map_err(store_error::<DB>),
        Err(elapsed) => Err(StoreError::Unavailable(Box::new(elapsed))),
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

/// A row of an answer.
pub(crate) struct Row<DB: Backend>(DB::Row);

impl<DB: Backend> Row<DB> {
    pub fn get<T>(&self, column: &'static str) -> Result<T>
    where
        DB: Get<T>,
    {
        DB::get(&self.0, column).map_err(store_error::<DB>)
    }

    pub fn time(&self, column: &'static str) -> Result<OffsetDateTime> {
        Ok(self.get::<Micros>(column)?.0)
    }

    pub fn optional_time(&self, column: &'static str) -> Result<Option<OffsetDateTime>> {
        Ok(self.get::<Option<Micros>>(column)?.map(|micros| micros.0))
    }

    /// A member of a closed set of codes.
    pub fn code<T>(&self, column: &'static str, from_code: fn(&str) -> Option<T>) -> Result<T> {
        from_code(&self.get::<String>(column)?).ok_or_else(|| unknown_code(column))
    }

    /// A count; the tables hold none below zero.
    pub fn count(&self, column: &'static str) -> Result<u32> {
        u32::try_from(self.get::<i32>(column)?)
            .map_err(|error| StoreError::Unexpected(Box::new(error)))
    }
}
