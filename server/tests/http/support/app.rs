use std::collections::VecDeque;
use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use time::Duration;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use vestibule::config::{Config, Environment};
use vestibule::{Adapters, Portal};
use vestibule_core::mail::MailKind;
use vestibule_core::model::Language;
use vestibule_core::ports::Clock as _;
use vestibule_core::{Abandoned, Delivery, HashEngine, HashSettings, MasterKey, RequestMeta};
use vestibule_mail::MemoryMailer;
use vestibule_storage::{SqlDatabase, StorageSettings, connect_store};
use vestibule_testkit::{FakeClock, SeededRandom, TestDatabase, redis_url};

use super::{Mail, PUBLIC_URL};

pub const PASSWORD: &str = "correct horse battery";
/// What a test changes [`PASSWORD`] to.
pub const NEW_PASSWORD: &str = "a quite different phrase";
/// The password of a user who does not know the right one.
pub const WRONG: &str = "not the password at all";
pub const MASTER_KEY: &str = "qk1s8Zr0c5yT7vJb2mXe4wQhD9uLgNfP6aKoRiVjWxE=";

/// The portal as production configures it, on a database of its own.
#[derive(Clone)]
pub struct TestApp(Arc<Inner>);

pub struct Inner {
    /// The only replica or the first: a test that calls the core past HTTP calls it there.
    pub portal: Portal,
    pub clock: Arc<FakeClock>,
    pub store: Arc<dyn SqlDatabase>,
    pub database: Arc<TestDatabase>,
    others: Vec<(Portal, Arc<dyn SqlDatabase>)>,
    /// Requests so far: replicas take turns.
    requests: AtomicUsize,
    mailer: Arc<MemoryMailer>,
    unread: Mutex<VecDeque<Mail>>,
}

impl Deref for TestApp {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

/// A caller of the core itself, for what only pages offer.
pub fn meta() -> RequestMeta {
    meta_from("192.0.2.1")
}

/// The same from another network.
pub fn meta_from(address: &str) -> RequestMeta {
    RequestMeta {
        ip_address: address.parse().unwrap(),
        user_agent: None,
        language: Language::English,
        abandoned: Abandoned::default(),
    }
}

/// Runs a test on a portal of its own, and then checks what it left behind.
pub async fn run<T: Future<Output = ()>>(
    database: Option<TestDatabase>,
    replicas: usize,
    configure: fn(&mut Config),
    test: fn(TestApp) -> T,
) {
    let Some(database) = database else {
        eprintln!("skipped: TEST_POSTGRES_URL is not set");
        return;
    };
    let app = TestApp::start_replicas(Arc::new(database), configure, 42, replicas).await;
    test(app.clone()).await;
    app.finish().await;
}

/// As production is configured.
pub fn config(database: &TestDatabase) -> Config {
    let variables = [
        ("VESTIBULE_MODE", "production"),
        ("PUBLIC_URL", PUBLIC_URL),
        ("VESTIBULE_MASTER_KEY", MASTER_KEY),
        ("DATABASE_URL", database.url()),
        ("SMTP_URL", "smtps://mail.example.org"),
        ("VESTIBULE_MAIL_FROM", "Example <no-reply@example.org>"),
    ];
    let mut config = Config::load(&Environment::from_iter(variables)).unwrap();
    // What a hash costs is the matter of the core's tests; here it would only be waited for.
    config.passwords.hashing = HashSettings {
        engine: HashEngine::default(),
        memory_kib: 64,
        passes: 1,
        threads: 2,
        queue: 256,
        // Many tests share the machine.
        max_wait: std::time::Duration::from_mins(1),
    };
    config
}

/// Limits and snapshots are shared where there are several to share them.
/// The keys are the database's own.
fn share_on_redis(config: &mut Config, database: &TestDatabase) {
    if database.is_postgres()
        && let Some(url) = redis_url()
    {
        config.redis.url = Some(url.into());
        database
            .url()
            .rsplit('/')
            .next()
            .unwrap()
            .clone_into(&mut config.redis.prefix);
    }
}

async fn start_replica(
    config: &Config,
    seed: u64,
    clock: &Arc<FakeClock>,
    mailer: &Arc<MemoryMailer>,
) -> (Portal, Arc<dyn SqlDatabase>) {
    let settings = StorageSettings {
        max_connections: 8,
        // A race is judged by its result. On a busy machine fifty requests wait for one row longer
        // than people should; what ends then has tests of its own.
        connect_timeout: std::time::Duration::from_secs(20),
        acquire_timeout: std::time::Duration::from_secs(30),
        statement_timeout: std::time::Duration::from_secs(25),
        lock_timeout: std::time::Duration::from_secs(20),
        // Tests that count round trips know none that depends on how quick the machine is.
        test_idle_after: std::time::Duration::from_hours(1),
        ..StorageSettings::default()
    };
    let store = connect_store(&config.database.url, &settings).unwrap();
    store.migrate().await.unwrap();
    let adapters = Adapters {
        store: store.clone(),
        clock: clock.clone(),
        random: Arc::new(SeededRandom::new(seed)),
        mailer: mailer.clone(),
        mailbox: None,
        master_key: MasterKey::parse(MASTER_KEY).unwrap(),
    };
    let portal = vestibule::build(config, adapters).await.unwrap();
    if let Some(cache) = portal.shared_cache.clone() {
        tokio::spawn(cache.listen(CancellationToken::new()));
    }
    (portal, store)
}

impl TestApp {
    /// Portals on one database need seeds of their own:
    /// what one of them draws must be new to the others.
    pub async fn start(database: Arc<TestDatabase>, configure: fn(&mut Config), seed: u64) -> Self {
        Self::start_replicas(database, configure, seed, 1).await
    }

    /// Several replicas behind a proxy that sends each request to the next of them. SQLite has one
    /// process, and without Redis each replica has limits of its own.
    pub async fn start_replicas(
        database: Arc<TestDatabase>,
        configure: fn(&mut Config),
        seed: u64,
        replicas: usize,
    ) -> Self {
        let mut config = config(&database);
        share_on_redis(&mut config, &database);
        configure(&mut config);
        let shares_limits = config.redis.url.is_some() || !config.rate_limits;
        let replicas = if database.is_postgres() && shares_limits {
            replicas
        } else {
            1
        };
        let clock = Arc::new(FakeClock::new());
        let mailer = Arc::new(MemoryMailer::new(config.mail.settings.clone()));
        let (portal, store) = start_replica(&config, seed, &clock, &mailer).await;
        let mut others = Vec::new();
        for number in 1..replicas as u64 {
            others.push(start_replica(&config, seed + number, &clock, &mailer).await);
        }
        Self(Arc::new(Inner {
            portal,
            clock,
            store,
            database,
            others,
            requests: AtomicUsize::new(0),
            mailer,
            unread: Mutex::default(),
        }))
    }

    /// The routes of the replica whose turn it is.
    pub(super) fn next_router(&self) -> Router {
        let turn = self.requests.fetch_add(1, Ordering::Relaxed) % (1 + self.others.len());
        self.portals().nth(turn).unwrap().public.clone()
    }

    fn portals(&self) -> impl Iterator<Item = &Portal> {
        let others = self.others.iter().map(|(portal, _)| portal);
        std::iter::once(&self.portal).chain(others)
    }

    /// Writes what waits to be written, as the worker does in a moment.
    pub async fn write_deferred(&self) {
        for portal in self.portals() {
            portal.auth.write_deferred().await.unwrap();
        }
    }

    /// Loads the signing keys on every replica, as the worker does now and then.
    pub async fn reload_signing_keys(&self) {
        for portal in self.portals() {
            portal.auth.reload_signing_keys().await.unwrap();
        }
    }

    /// Loads those of apps.
    pub async fn follow_app_keys(&self) {
        for portal in self.portals() {
            portal.auth.follow_app_keys().await.unwrap();
        }
    }

    /// Nothing is left to be sent or read, and every invariant holds.
    pub async fn finish(&self) {
        self.deliver_mails().await;
        let unread: Vec<String> = self
            .unread
            .lock()
            .unwrap()
            .iter()
            .map(|mail| format!("{} to {}", mail.kind, mail.to))
            .collect();
        assert!(unread.is_empty(), "unread mails: {unread:?}");
        let unsent = self.count("mail_outbox where status <> 'sent'").await;
        assert_eq!(unsent, "0", "mails that were not sent");
        self.write_deferred().await;
        self.holds_every_invariant().await;
        self.store.close().await;
        for (_, store) in &self.others {
            store.close().await;
        }
    }

    pub async fn holds_every_invariant(&self) {
        let mut store = self.store.reader().await.unwrap();
        let violations = store.violations(self.clock.now()).await;
        assert_eq!(violations.unwrap(), []);
    }

    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    // Mails

    pub async fn deliver_mails(&self) {
        while self
            .portal
            .auth
            .deliver_next_mail(&*self.mailer)
            .await
            .unwrap()
            != Delivery::NoneDue
        {}
        let sent = self.mailer.take();
        self.unread
            .lock()
            .unwrap()
            .extend(sent.into_iter().map(Mail::from));
    }

    /// The oldest unread mail to the address.
    pub async fn mail_to(&self, address: &str) -> Mail {
        self.deliver_mails().await;
        let mut unread = self.unread.lock().unwrap();
        let position = unread.iter().position(|mail| mail.to == address);
        position
            .and_then(|position| unread.remove(position))
            .unwrap_or_else(|| panic!("no mail to {address}"))
    }

    /// The same, which is of this kind.
    pub async fn mail_about(&self, kind: MailKind, address: &str) -> Mail {
        let mail = self.mail_to(address).await;
        assert_eq!(mail.kind, kind, "to {address}");
        mail
    }

    /// Reads all mails, and gives the kinds with their recipients.
    pub async fn read_mails(&self) -> Vec<String> {
        self.deliver_mails().await;
        let mut mails: Vec<String> = self
            .unread
            .lock()
            .unwrap()
            .drain(..)
            .map(|mail| format!("{} to {}", mail.kind, mail.to))
            .collect();
        mails.sort();
        mails
    }

    // The database

    /// The one text that a query gives.
    pub async fn text(&self, sql: &str) -> String {
        self.write_deferred().await;
        let sql = AssertSqlSafe(sql.to_owned());
        if self.database.is_postgres() {
            let mut connection = PgConnection::connect(self.database.url()).await.unwrap();
            sqlx::query_scalar(sql)
                .fetch_one(&mut connection)
                .await
                .unwrap()
        } else {
            let mut connection = SqliteConnection::connect(self.database.url())
                .await
                .unwrap();
            sqlx::query_scalar(sql)
                .fetch_one(&mut connection)
                .await
                .unwrap()
        }
    }

    /// An id as this database compares it.
    pub fn id_in_sql(&self, id: Uuid) -> String {
        if self.database.is_postgres() {
            format!("'{id}'")
        } else {
            format!("x'{}'", id.simple())
        }
    }

    /// How many rows there are of all that a request could leave behind.
    /// The audit log is not counted: refusals are in it.
    pub async fn rows(&self) -> String {
        self.text(
            "select (select count(*) from users) || ' users, '
                || (select count(*) from sessions where ended_at is null) || ' live sessions, '
                || (select count(*) from refresh_tokens) || ' families, '
                || (select count(*) from mailed_links) || ' + '
                || (select count(*) from password_reset_tokens) || ' mailed tokens, '
                || (select count(*) from mail_outbox) || ' mails'",
        )
        .await
    }
}
