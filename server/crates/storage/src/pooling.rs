//! PostgreSQL behind a pooler such as `PgBouncer`.
//!
//! Time-outs travel by SQL: startup parameters are what poolers refuse or pass over. Where a pooler
//! keeps a connection to the server for each of the portal's, they are said once. Where it gives
//! one for each transaction, each transaction says them, and so every statement has a transaction,
//! and none is kept prepared: the next one may run on another connection.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use crate::backend::{Backend, Get};
use crate::error::Refused;
use crate::settings::{Pooling, StorageSettings};

/// How PostgreSQL finds that this process is gone, so that its locks do not outlive it: after about
/// a minute. The other way round the portal's deadlines do it; the driver sets no keepalive of its
/// own.
const KEEPALIVE: &str = "set tcp_keepalives_idle = 30; set tcp_keepalives_interval = 10; set tcp_keepalives_count = 3; set tcp_user_timeout = 30000;";
/// How long a migration waits for a lock.
const MIGRATION_LOCK_TIMEOUT: Duration = Duration::from_mins(1);

/// What is said to the server beside the statements.
#[derive(Clone, Default)]
pub(crate) struct Setup {
    /// Once, on each new connection.
    pub connection: Option<Arc<str>>,
    /// In the place of a plain `begin`. Where it is there, every statement needs a transaction.
    pub begin: Option<Arc<str>>,
}

/// The time-outs that a server keeps for one connection.
struct Timeouts {
    statement: Duration,
    lock: Duration,
    /// A replica that is cut off in a transaction must not hold its locks; zero is for ever.
    idle_in_transaction: Duration,
}

impl Timeouts {
    fn text(&self, set: &str) -> String {
        let mut text = String::new();
        for (name, timeout) in [
            ("statement_timeout", self.statement),
            ("lock_timeout", self.lock),
            (
                "idle_in_transaction_session_timeout",
                self.idle_in_transaction,
            ),
        ] {
            let _ = write!(text, "{set} {name} = {};", timeout.as_millis());
        }
        text
    }

    fn setup(&self, pooling: Pooling) -> Setup {
        match pooling {
            Pooling::Session => Setup {
                connection: Some(format!("{}{KEEPALIVE}", self.text("set")).into()),
                begin: None,
            },
            Pooling::Transaction => Setup {
                connection: None,
                begin: Some(format!("begin;{}", self.text("set local")).into()),
            },
        }
    }
}

/// For connections that serve requests.
pub(crate) fn request_setup(settings: &StorageSettings) -> Setup {
    let timeouts = Timeouts {
        statement: settings.statement_timeout,
        lock: settings.lock_timeout,
        idle_in_transaction: 2 * settings.statement_timeout,
    };
    timeouts.setup(settings.pooling)
}

/// For one that migrates: a migration takes its time.
pub(crate) fn migration_setup(pooling: Pooling) -> Setup {
    let timeouts = Timeouts {
        statement: Duration::ZERO,
        lock: MIGRATION_LOCK_TIMEOUT,
        idle_in_transaction: Duration::ZERO,
    };
    timeouts.setup(pooling)
}

/// Asks two connections whether what stands between them and the server does as [`Pooling`] says.
/// In the first one nothing is under way while the second is in a transaction: a pooler of
/// transactions then gives the second what the first one had.
pub(crate) async fn check<DB: Backend>(
    first: &mut DB::Connection,
    second: &mut DB::Connection,
    begin: Option<&str>,
    statement_timeout: Duration,
) -> sqlx::Result<Result<(), Refused>> {
    let before = server_process::<DB>(first).await?;
    let wants_sessions = begin.is_none();
    let begin = begin.unwrap_or("begin").to_owned();
    if let Err(error) = DB::command(second, sqlx::AssertSqlSafe(begin)).await {
        return if is_statement_pooling(&error) {
            Ok(Err(Refused::StatementPooling))
        } else {
            Err(error)
        };
    }
    let other = server_process::<DB>(second).await?;
    let after = server_process::<DB>(first).await?;
    let kept = setting::<DB>(second).await?;
    DB::command(second, "rollback").await?;
    if wants_sessions && (before == other || before != after) {
        return Ok(Err(Refused::TransactionPooling));
    }
    if kept != Some(statement_timeout.as_millis().to_string()) {
        return Ok(Err(Refused::TimeoutsIgnored));
    }
    Ok(Ok(()))
}

async fn server_process<DB: Backend>(connection: &mut DB::Connection) -> sqlx::Result<Option<i32>> {
    let rows = DB::ask(connection, "select pg_backend_pid() as pid").await?;
    rows.first()
        .map(|row| <DB as Get<i32>>::get(row, "pid"))
        .transpose()
}

/// In milliseconds.
async fn setting<DB: Backend>(connection: &mut DB::Connection) -> sqlx::Result<Option<String>> {
    let sql = "select setting from pg_settings where name = 'statement_timeout'";
    let rows = DB::ask(connection, sql).await?;
    rows.first()
        .map(|row| <DB as Get<String>>::get(row, "setting"))
        .transpose()
}

/// `PgBouncer` has one code for whatever it refuses.
fn is_statement_pooling(error: &sqlx::Error) -> bool {
    let database = error.as_database_error();
    database.is_some_and(|error| error.message().contains("statement pooling"))
}
