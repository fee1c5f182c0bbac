//! The store port on SQLite and PostgreSQL: one adapter, generic over the driver.
//!
//! A statement is a constant beside the method that runs it. Both databases understand most of
//! them; of the others there is one for each.

mod audit;
mod backend;
mod cleanup;
mod error;
mod form_submissions;
mod invariants;
mod links;
mod micros;
mod migrate;
mod oauth;
mod outbox;
mod pool;
mod pooling;
mod query_metrics;
mod refresh_tokens;
mod repository;
mod round_trips;
mod sessions;
mod settings;
mod signing_keys;
mod space;
mod sql;
mod statistics;
mod store;
mod url;
mod users;

use crate::sql::Sql;

pub use self::url::{check_url, is_elsewhere, is_unverified, sqlite_file};
pub use error::{Answer, ConnectError, MigrationError, Refused};
pub use pool::Connections;
pub use settings::{Pooling, StorageSettings};
pub use store::{SqlDatabase, connect_store};

fn statements() -> impl Iterator<Item = Sql> {
    let files = [
        audit::STATEMENTS,
        cleanup::STATEMENTS,
        form_submissions::STATEMENTS,
        links::STATEMENTS,
        migrate::STATEMENTS,
        oauth::app_sessions::STATEMENTS,
        oauth::clients::STATEMENTS,
        oauth::REDEEM_STATEMENTS,
        outbox::STATEMENTS,
        refresh_tokens::STATEMENTS,
        sessions::STATEMENTS,
        signing_keys::STATEMENTS,
        statistics::STATEMENTS,
        store::STATEMENTS,
        users::STATEMENTS,
    ];
    let checks = invariants::CHECKS.iter().map(|check| check.sql);
    files.into_iter().flatten().copied().chain(checks)
}

/// The statements for PostgreSQL, for the tests that have it prepare each.
#[doc(hidden)]
pub fn postgres_statements() -> Vec<&'static str> {
    there(statements().map(|sql| sql.postgres))
}

/// The same for SQLite.
#[doc(hidden)]
pub fn sqlite_statements() -> Vec<&'static str> {
    there(statements().map(|sql| sql.sqlite))
}

fn there(texts: impl Iterator<Item = &'static str>) -> Vec<&'static str> {
    texts.filter(|sql| !sql.is_empty()).collect()
}

/// The names of all invariants, for the test that wants each of them broken.
#[doc(hidden)]
pub fn invariants() -> Vec<&'static str> {
    invariants::CHECKS
        .iter()
        .map(|check| check.invariant)
        .collect()
}

/// The numbers and names of the embedded migrations, for
/// the test that compares them with the folders.
#[doc(hidden)]
pub fn embedded_migrations() -> Vec<(i64, &'static str)> {
    migrate::SCRIPTS
        .iter()
        .map(|script| (script.version, script.name))
        .collect()
}
