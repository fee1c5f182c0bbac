//! PostgreSQL behind `PgBouncer`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::is_unavailable;
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection as _, PgConnection};
use time::OffsetDateTime;
use vestibule_core::ports::StoreError;
use vestibule_daemons::PgBouncer;
use vestibule_storage::{
    MigrationError, Pooling, Refused, SqlDatabase, StorageSettings, connect_store,
};
use vestibule_testkit::contract::{self, Contract};
use vestibule_testkit::{TestDatabase, ok, or_skip};

const LOCK_TIMEOUT: Duration = Duration::from_millis(400);
/// For machines that have more to do than this.
const TIMEOUT: Duration = Duration::from_secs(9);

fn settings(pooling: Pooling, lock_timeout: Duration) -> StorageSettings {
    StorageSettings {
        pooling,
        lock_timeout,
        acquire_timeout: TIMEOUT,
        statement_timeout: TIMEOUT,
        ..StorageSettings::default()
    }
}

/// A database behind a pooler, by way of it.
struct Pooled {
    database: TestDatabase,
    pooler: PgBouncer,
    store: Arc<dyn SqlDatabase>,
}

impl Pooled {
    /// Another client of the pooler.
    async fn other_client(&self) -> PgConnection {
        let url = self.pooler.url(self.database.url()).unwrap();
        let options: PgConnectOptions = url.parse().unwrap();
        // The pooler refuses what it does not know.
        let options = options.extra_float_digits(None);
        PgConnection::connect_with(&options).await.unwrap()
    }
}

async fn pooled(pool_mode: &str, pooling: Pooling, lock_timeout: Duration) -> Option<Pooled> {
    let database = TestDatabase::postgres().await?;
    let pooler = PgBouncer::before(database.url(), pool_mode).unwrap();
    let url = pooler.url(database.url()).unwrap();
    let store = connect_store(&url.into(), &settings(pooling, lock_timeout)).unwrap();
    Some(Pooled {
        database,
        pooler,
        store,
    })
}

const MIGRATION_LOCKS: &str = "from pg_locks where locktype = 'advisory' \
    and database = (select oid from pg_database where datname = current_database())";

const WORKING: [(&str, Pooling); 3] = [
    ("session", Pooling::Session),
    ("session", Pooling::Transaction),
    ("transaction", Pooling::Transaction),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_store_works_behind_a_pooler() {
    for (pool_mode, pooling) in WORKING {
        let pooled = or_skip!(pooled(pool_mode, pooling, TIMEOUT).await);
        let store = &pooled.store;
        store.check().await.unwrap();
        assert!(!store.pending().await.unwrap().is_empty());
        assert!(!store.migrate().await.unwrap().is_empty());
        assert_eq!(store.pending().await.unwrap(), [0; 0]);
        assert_eq!(store.migrate().await.unwrap(), [0; 0]);
        // A lock of the session would stay with the pooler's connection.
        let locks = pooled.database.count(MIGRATION_LOCKS).await;
        assert_eq!(locks, 0, "{pool_mode} {pooling:?}");
        store.ping().await.unwrap();
        store.close().await;
    }
}

/// Some of the contracts of the store, of each kind of statement one.
macro_rules! contracts {
    ($($module:ident::$name:ident),+ $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                for (pool_mode, pooling) in WORKING {
                    let pooled = or_skip!(pooled(pool_mode, pooling, TIMEOUT).await);
                    pooled.store.migrate().await.unwrap();
                    let cx = Contract::new(pooled.store.clone(), Arc::new(pooled.database));
                    contract::$module::$name(cx).await;
                    pooled.store.close().await;
                }
            }
        )+
    };
}

contracts! {
    users::parallel_registrations_of_one_address_give_one_account,
    refresh_tokens::parallel_rotations_of_one_token_agree_on_one_successor,
    links::parallel_consumers_of_one_token_have_one_winner,
    outbox::parallel_workers_never_hold_the_same_mail,
    whole::an_uncommitted_transaction_leaves_nothing,
}

/// Both of a statement that stands alone and of one in a transaction.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn time_outs_hold_behind_a_pooler() {
    for (pool_mode, pooling) in WORKING {
        let pooled = or_skip!(pooled(pool_mode, pooling, LOCK_TIMEOUT).await);
        let store = &pooled.store;
        store.migrate().await.unwrap();
        let mut rival = PgConnection::connect(pooled.database.url()).await.unwrap();
        let lock = "begin; lock table sessions in access exclusive mode";
        sqlx::raw_sql(lock).execute(&mut rival).await.unwrap();
        let id = uuid::Uuid::nil();
        let now = OffsetDateTime::UNIX_EPOCH;
        for _ in 0..2 {
            let mut alone = store.reader().await.unwrap();
            let said = is_unavailable(alone.principal(id, now).await);
            assert!(said.contains("lock timeout (SQLSTATE 55P03)"), "{said}");
            // The connection is as good as new.
            alone.user_by_id(id).await.unwrap();
            // Nothing that was said to the connection of the pooler, or prepared on it, is there
            // for the next client.
            let mut other = pooled.other_client().await;
            ok!(sqlx::raw_sql("discard all").execute(&mut other));
            other.close().await.unwrap();
            let mut tx = store.begin().await.unwrap();
            let said = is_unavailable(tx.principal(id, now).await);
            assert!(said.contains("lock timeout (SQLSTATE 55P03)"), "{said}");
        }
        store.close().await;
    }
}

#[tokio::test]
async fn a_pooler_that_is_not_what_the_settings_say_is_named_with_the_remedy() {
    let refusal = async |pool_mode, pooling| {
        let pooled = pooled(pool_mode, pooling, TIMEOUT).await?;
        Some(match pooled.store.check().await {
            Err(MigrationError::Refused(refused)) => refused,
            other => panic!("{other:?}"),
        })
    };
    let refused = or_skip!(refusal("transaction", Pooling::Session).await);
    assert!(matches!(refused, Refused::TransactionPooling), "{refused}");
    for part in [
        "VESTIBULE_DATABASE_POOLING=transaction",
        "pool_mode = session",
    ] {
        assert!(refused.to_string().contains(part), "{refused}");
    }
    for pooling in [Pooling::Session, Pooling::Transaction] {
        let refused = refusal("statement", pooling).await.unwrap();
        assert!(matches!(refused, Refused::StatementPooling), "{refused}");
    }
}

/// `PgBouncer` refuses a startup parameter that it does not know with the code that it has for
/// everything.
#[tokio::test]
async fn what_a_pooler_refuses_for_ever_is_not_waited_for() {
    let database = or_skip!(TestDatabase::postgres().await);
    let pooler = PgBouncer::before(database.url(), "session").unwrap();
    let url = pooler.url(database.url()).unwrap();
    let said = async |url: String| {
        let store = connect_store(&url.into(), &StorageSettings::default()).unwrap();
        match store.check().await {
            Err(error @ MigrationError::Refused(_)) => error.to_string(),
            other => panic!("{other:?}"),
        }
    };
    let with_options = said(format!("{url}?options[search_path]=public")).await;
    assert!(
        with_options.contains("ignore_startup_parameters"),
        "{with_options}"
    );
    let user = url.replacen("://", "://nobody-", 1);
    assert!(said(user).await.contains("user or the password"));
}

#[tokio::test]
async fn a_server_that_is_away_behind_a_pooler_is_waited_for() {
    let url = "postgres://nobody@127.0.0.1:1/nothing";
    let pooler = PgBouncer::before(url, "session").unwrap();
    let url = pooler.url(url).unwrap();
    let store = connect_store(&url.into(), &StorageSettings::default()).unwrap();
    let checked = store.check().await;
    assert!(
        matches!(checked, Err(MigrationError::Unavailable(_))),
        "{checked:?}"
    );
    assert!(matches!(
        store.ping().await,
        Err(StoreError::Unavailable(_))
    ));
}
