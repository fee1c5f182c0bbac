//! The store port on SQLite and PostgreSQL: one adapter, generic over the driver.
//!
//! Every statement is a constant that both databases understand;
//! the few that differ are constants of the `Backend`.

mod audit;
mod backend;
mod browser_sessions;
mod cleanup;
mod error;
mod form_submissions;
mod invariants;
mod micros;
mod migrate;
mod one_time_tokens;
mod outbox;
mod pool;
mod pooling;
mod query_metrics;
mod refresh_tokens;
mod repository;
mod round_trips;
mod sessions;
mod signing_keys;
mod space;
mod statistics;
mod store;
mod token_statements;
mod url;
mod users;

use sqlx::{Postgres, Sqlite};

use crate::backend::Backend;

pub use self::url::{check_url, is_elsewhere, is_unverified, sqlite_file};
pub use error::{Answer, ConnectError, MigrationError, Refused};
pub use pool::Connections;
pub use pooling::Pooling;
pub use store::{SqlDatabase, StorageSettings, connect_store};

/// The statements that both databases must be able to prepare, for the test that has them do so.
#[doc(hidden)]
pub fn shared_statements() -> Vec<&'static str> {
    let repositories = [
        audit::STATEMENTS,
        browser_sessions::STATEMENTS,
        cleanup::STATEMENTS,
        form_submissions::STATEMENTS,
        one_time_tokens::STATEMENTS,
        outbox::STATEMENTS,
        refresh_tokens::STATEMENTS,
        sessions::STATEMENTS,
        signing_keys::STATEMENTS,
        statistics::STATEMENTS,
        users::STATEMENTS,
    ];
    let checks = invariants::SHARED.iter().map(|check| check.sql);
    repositories
        .iter()
        .chain(token_statements::STATEMENTS)
        .copied()
        .flatten()
        .copied()
        .chain(checks)
        .collect()
}

#[doc(hidden)]
pub fn postgres_statements() -> Vec<&'static str> {
    own_statements::<Postgres>()
}

#[doc(hidden)]
pub fn sqlite_statements() -> Vec<&'static str> {
    own_statements::<Sqlite>()
}

fn own_statements<DB: Backend>() -> Vec<&'static str> {
    let checks = DB::CHECKS.iter().map(|check| check.sql);
    [
        DB::INSERT_AUDITS,
        DB::TOUCH_SESSIONS,
        DB::CLAIM_MAIL,
        DB::CLAIM_DUE_DELETION,
        DB::LOCK_DUE_DELETION,
        DB::ROTATE_REFRESH_TOKEN,
        DB::IS_WRITABLE,
        DB::HAS_MIGRATION_TABLE,
        DB::TRY_MIGRATION_LOCK_OF_TRANSACTION,
    ]
    .into_iter()
    .chain(DB::BEGIN_SESSION)
    .chain(DB::TRY_MIGRATION_LOCK)
    .chain(checks)
    .collect()
}

/// The names of all invariants, for the test that wants each of them broken.
#[doc(hidden)]
pub fn invariants() -> Vec<&'static str> {
    [invariants::SHARED, Postgres::CHECKS, Sqlite::CHECKS]
        .concat()
        .iter()
        .map(|check| check.invariant)
        .collect()
}

/// The numbers and names of the embedded migrations, for
/// the test that compares them with the folders.
#[doc(hidden)]
pub fn embedded_migrations() -> [Vec<(i64, &'static str)>; 2] {
    [migrate::POSTGRES, migrate::SQLITE].map(|scripts| {
        scripts
            .iter()
            .map(|script| (script.version, script.name))
            .collect()
    })
}
