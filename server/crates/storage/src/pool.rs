//! Connections, shared and given back.
//!
//! The pool is deadpool's. sqlx's own has no deadline for connecting apart from the wait for a
//! turn, and tests every connection that is given back: a round trip for each use, and without a
//! deadline, so that a database that went dark keeps its places until TCP gives up. Here a
//! connection is tested only where it was left in the middle of something,
//! or was not used for a while.

use std::future::Future;
use std::ops::Add;
use std::sync::Arc;
use std::time::Duration;

use deadpool::managed::{
    Manager, Metrics, Object, Pool as Shared, PoolConfig, PoolError, QueueMode, RecycleError,
    RecycleResult, Timeouts, WeakPool,
};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
use tokio::time::timeout;
use vestibule_core::ports::StoreError;

use crate::backend::{Backend, Options};
use crate::error::{Answer, is_lost, store_error};
use crate::pooling::Setup;
use crate::query_metrics::{RoundTrip, note_failure};
use crate::round_trips::RoundTrips;
use crate::settings::StorageSettings;

/// A database answers a test at once or not at all.
const TEST_TIMEOUT: Duration = Duration::from_secs(1);
/// Behind a name or a proxy the server may have moved.
const MAX_AGE: Duration = Duration::from_mins(30);
/// Connections that a crowd needed are closed when it has gone.
const MAX_IDLE: Duration = Duration::from_mins(10);
/// Beyond the deadline that PostgreSQL keeps itself: for a database that does not answer at all.
const STATEMENT_MARGIN: Duration = Duration::from_millis(500);

/// Connections of the pool, and callers that wait for one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Connections {
    pub max: usize,
    pub in_use: usize,
    pub idle: usize,
    pub waiting: usize,
}

impl Add for Connections {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            max: self.max + other.max,
            in_use: self.in_use + other.in_use,
            idle: self.idle + other.idle,
            waiting: self.waiting + other.waiting,
        }
    }
}

/// Makes connections, and says which can be used again.
struct Connector<DB: Backend> {
    options: Options<DB>,
    setup: Setup,
    test_idle_after: Duration,
    round_trips: RoundTrips,
}

impl<DB: Backend> Manager for Connector<DB> {
    type Type = DB::Connection;
    type Error = sqlx::Error;

    async fn create(&self) -> sqlx::Result<DB::Connection> {
        connect::<DB>(&self.options, &self.setup).await
    }

    async fn recycle(
        &self,
        connection: &mut DB::Connection,
        metrics: &Metrics,
    ) -> RecycleResult<sqlx::Error> {
        if !DB::IS_REMOTE {
            return Ok(());
        }
        if metrics.age() > MAX_AGE {
            return Err(RecycleError::message("too old"));
        }
        if metrics.last_used() >= self.test_idle_after {
            self.round_trips.count();
            connection.ping().await?;
        }
        Ok(())
    }
}

/// A new connection that has its time-outs set.
pub(crate) async fn connect<DB: Backend>(
    options: &Options<DB>,
    setup: &Setup,
) -> sqlx::Result<DB::Connection> {
    let mut connection = options.connect().await?;
    if let Some(setup) = &setup.connection {
        DB::command(&mut connection, AssertSqlSafe(setup.to_string())).await?;
    }
    Ok(connection)
}

pub(crate) struct Pool<DB: Backend> {
    shared: Shared<Connector<DB>>,
    acquire_timeout: Duration,
    deadline: Duration,
    begin: Option<Arc<str>>,
    round_trips: RoundTrips,
}

impl<DB: Backend> Clone for Pool<DB> {
    fn clone(&self) -> Self {
        Self {
            shared: self.shared.clone(),
            begin: self.begin.clone(),
            round_trips: self.round_trips.clone(),
            ..*self
        }
    }
}

impl<DB: Backend> Pool<DB> {
    pub fn new(
        options: Options<DB>,
        setup: Setup,
        max_connections: u32,
        settings: &StorageSettings,
        round_trips: &RoundTrips,
    ) -> Self {
        let begin = setup.begin.clone();
        let connector = Connector {
            options,
            setup,
            test_idle_after: settings.test_idle_after,
            round_trips: round_trips.clone(),
        };
        let config = PoolConfig {
            max_size: usize::try_from(max_connections).unwrap_or(usize::MAX),
            timeouts: Timeouts {
                wait: None,
                create: Some(settings.connect_timeout),
                recycle: Some(TEST_TIMEOUT),
            },
            // So that as few as can do the work, and need no test.
            queue_mode: QueueMode::Lifo,
        };
        let shared = Shared::builder(connector)
            .config(config)
            .runtime(deadpool::Runtime::Tokio1)
            .build()
            .unwrap_or_else(|_| unreachable!("it has the runtime that time-outs need"));
        tokio::spawn(close_idle(shared.weak()));
        Self {
            shared,
            acquire_timeout: settings.acquire_timeout,
            deadline: settings.statement_timeout + STATEMENT_MARGIN,
            begin,
            round_trips: round_trips.clone(),
        }
    }

    /// Waits for a turn, and for the connection where there is none to be used again.
    pub async fn acquire(&self) -> Result<Held<DB>, StoreError> {
        let connection = match timeout(self.acquire_timeout, self.shared.get()).await {
            Ok(Ok(connection)) => connection,
            Ok(Err(error)) => {
                note_failure("connect");
                return Err(pool_error::<DB>(error));
            }
            Err(elapsed) => {
                note_failure("pool_timeout");
                return Err(StoreError::Unavailable(Box::new(elapsed)));
            }
        };
        Ok(Held {
            connection: Some(connection),
            state: State::Sound,
            in_transaction: false,
            deadline: self.deadline,
            begin: self.begin.clone(),
            round_trips: self.round_trips.clone(),
        })
    }

    pub fn connections(&self) -> Connections {
        let status = self.shared.status();
        Connections {
            max: status.max_size,
            in_use: status.size.saturating_sub(status.available),
            idle: status.available,
            waiting: status.waiting,
        }
    }

    /// Gives out no more connections, closes those that are there, and waits for those in use.
    pub async fn close(&self) {
        let idle = self.shared.retain(|_, _| false).removed;
        self.shared.close();
        close_all::<DB>(idle).await;
        let given_back = async {
            while self.shared.status().size > 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        // Its holder loses it at the deadline at the latest.
        let _ = timeout(2 * self.deadline, given_back).await;
    }
}

fn pool_error<DB: Backend>(error: PoolError<sqlx::Error>) -> StoreError {
    match error {
        // Whatever it was, nothing was asked yet: a server that is starting, restored or given a
        // new password, a proxy without one.
        PoolError::Backend(error) => StoreError::Unavailable(Box::new(Answer::of(&error))),
        PoolError::Closed => store_error::<DB>(sqlx::Error::PoolClosed),
        error => StoreError::Unavailable(Box::new(error)),
    }
}

async fn close_idle<DB: Backend>(pool: WeakPool<Connector<DB>>) {
    loop {
        tokio::time::sleep(MAX_IDLE / 10).await;
        let Some(pool) = pool.upgrade() else { return };
        let idle = pool.retain(|_, metrics| metrics.last_used() < MAX_IDLE);
        drop(pool);
        close_all::<DB>(idle.removed).await;
    }
}

async fn close_all<DB: Backend>(connections: Vec<DB::Connection>) {
    for connection in connections {
        // A server that does not see the close notices the end by itself.
        let _ = timeout(TEST_TIMEOUT, connection.close()).await;
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Sound,
    /// An answer is awaited, or was not awaited to its end.
    Busy,
    /// It gave no answer in time.
    Stuck,
    /// The server ended it, or went itself.
    Lost,
}

/// A connection in use. What it is in the middle
/// of when it is dropped is undone before its next use.
pub(crate) struct Held<DB: Backend> {
    /// There until it is dropped.
    connection: Option<Object<Connector<DB>>>,
    state: State,
    in_transaction: bool,
    deadline: Duration,
    /// How a transaction begins where a statement needs one.
    begin: Option<Arc<str>>,
    round_trips: RoundTrips,
}

impl<DB: Backend> Held<DB> {
    pub fn is_in_transaction(&self) -> bool {
        self.in_transaction
    }

    /// How many rows the statement changed.
    pub async fn execute(
        &mut self,
        sql: &'static str,
        arguments: DB::Arguments,
    ) -> sqlx::Result<u64> {
        let own = self.begin_own().await?;
        let (deadline, is_kept) = (self.deadline, self.begin.is_none());
        let round_trip = RoundTrip::begin::<DB>(sql);
        let answer = DB::execute(self.ask()?, sql, arguments, is_kept);
        let answer = in_time(deadline, answer).await;
        let answer = self.answered(round_trip, answer);
        self.end_own(own, answer).await
    }

    pub async fn fetch(
        &mut self,
        sql: &'static str,
        arguments: DB::Arguments,
    ) -> sqlx::Result<Vec<DB::Row>> {
        let own = self.begin_own().await?;
        let (deadline, is_kept) = (self.deadline, self.begin.is_none());
        let round_trip = RoundTrip::begin::<DB>(sql);
        let answer = DB::fetch(self.ask()?, sql, arguments, is_kept);
        let answer = in_time(deadline, answer).await;
        let answer = self.answered(round_trip, answer);
        self.end_own(own, answer).await
    }

    /// Begins a transaction that writes.
    pub async fn begin(&mut self) -> sqlx::Result<()> {
        // Also if the answer is not awaited: there may be one.
        self.in_transaction = true;
        let Some(begin) = self.begin.clone() else {
            return self.command(DB::BEGIN).await;
        };
        let deadline = self.deadline;
        let round_trip = RoundTrip::begin::<DB>(DB::BEGIN);
        let answer = DB::command(self.ask()?, AssertSqlSafe(begin.to_string()));
        let answer = in_time(deadline, answer).await;
        self.answered(round_trip, answer)
    }

    /// Begins a transaction for one statement where it needs one.
    async fn begin_own(&mut self) -> sqlx::Result<bool> {
        let is_needed = self.begin.is_some() && !self.in_transaction;
        if is_needed {
            self.begin().await?;
        }
        Ok(is_needed)
    }

    async fn end_own<T>(&mut self, own: bool, answer: sqlx::Result<T>) -> sqlx::Result<T> {
        if !own {
            return answer;
        }
        match answer {
            Ok(answer) => self.commit().await.map(|()| answer),
            Err(error) => {
                // One that is lost or stuck is of no more use.
                if self.state == State::Sound {
                    let _ = self.rollback().await;
                }
                Err(error)
            }
        }
    }

    /// The server is of no use any more; a new connection may find another one.
    pub fn give_up(&mut self) {
        self.state = State::Lost;
    }

    pub async fn commit(&mut self) -> sqlx::Result<()> {
        self.command("commit").await?;
        self.in_transaction = false;
        Ok(())
    }

    pub async fn rollback(&mut self) -> sqlx::Result<()> {
        self.command("rollback").await?;
        self.in_transaction = false;
        Ok(())
    }

    async fn command(&mut self, sql: &'static str) -> sqlx::Result<()> {
        let deadline = self.deadline;
        let round_trip = RoundTrip::begin::<DB>(sql);
        let answer = DB::command(self.ask()?, sql);
        let answer = in_time(deadline, answer).await;
        self.answered(round_trip, answer)
    }

    fn ask(&mut self) -> sqlx::Result<&mut DB::Connection> {
        self.round_trips.count();
        self.state = State::Busy;
        self.connection
            .as_deref_mut()
            .ok_or(sqlx::Error::PoolClosed)
    }

    fn answered<T>(
        &mut self,
        round_trip: RoundTrip,
        answer: Option<sqlx::Result<T>>,
    ) -> sqlx::Result<T> {
        round_trip.end::<DB, T>(answer.as_ref());
        if matches!(answer, Some(Ok(_))) {
            self.round_trips.note_answer();
        }
        let Some(answer) = answer else {
            self.state = State::Stuck;
            let late = std::io::Error::new(std::io::ErrorKind::TimedOut, "no answer in time");
            return Err(sqlx::Error::Io(late));
        };
        self.state = match &answer {
            Err(error) if is_lost::<DB>(error) => State::Lost,
            _ => State::Sound,
        };
        answer
    }
}

/// Every wait that leaves the process has a deadline.
async fn in_time<T>(deadline: Duration, answer: impl Future<Output = T>) -> Option<T> {
    timeout(deadline, answer).await.ok()
}

impl<DB: Backend> Drop for Held<DB> {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else {
            return;
        };
        match self.state {
            State::Stuck => drop(Object::take(connection)),
            State::Lost => discard_with_idle(connection),
            State::Sound if !self.in_transaction => {}
            State::Sound | State::Busy => {
                self.round_trips.count();
                let settling = settle(connection, self.in_transaction, self.deadline);
                // Without a runtime the connection is dropped here,
                // and with it what it is in the middle of.
                if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                    runtime.spawn(settling);
                }
            }
        }
    }
}

/// What ended one connection, a restart or a fail-over, has
/// mostly ended all: each of the others would fail once.
fn discard_with_idle<DB: Backend>(connection: Object<Connector<DB>>) {
    if let Some(pool) = Object::pool(&connection) {
        pool.retain(|_, _| false);
    }
    drop(Object::take(connection));
}

/// Lets a connection come to rest before it is given back, or not at all.
async fn settle<DB: Backend>(
    mut connection: Object<Connector<DB>>,
    in_transaction: bool,
    deadline: Duration,
) {
    let rest = async {
        if in_transaction {
            DB::command(&mut connection, "rollback").await
        } else {
            connection.ping().await
        }
    };
    if !matches!(timeout(deadline, rest).await, Ok(Ok(()))) {
        drop(Object::take(connection));
    }
}
