//! A database that is not there yet, or that another process is migrating.

use std::fs::File;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::thread;

use rustix::process::Signal;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use vestibule_testkit::{TestDatabase, databases, or_skip};

use crate::support::{
    Deployment, MASTER_KEY, TIMEOUT, every_invariant_holds, free_address, get, text, wait_until,
};

/// What a database that is up to date has had.
pub const MIGRATIONS: i64 = 2;

/// What a portal writes as its standard error, read while it runs.
struct Log(PathBuf);

impl Log {
    fn of(deployment: &Deployment) -> Self {
        Self(deployment.folder.path().join("log"))
    }

    fn file(&self) -> File {
        File::create(&self.0).unwrap()
    }

    fn text(&self) -> String {
        std::fs::read_to_string(&self.0).unwrap_or_default()
    }

    /// Until the portal has said so many times that it waits.
    #[track_caller]
    fn wait_until_it_waits(&self, times: usize) {
        wait_until(
            || self.text().matches("waiting for the database").count() >= times,
            || self.text(),
        );
    }
}

/// Passes every connection on to the server, from now on.
fn forward(address: SocketAddr, server: SocketAddr) {
    let listener = TcpListener::bind(address).unwrap();
    thread::spawn(move || {
        while let Ok((client, _)) = listener.accept() {
            let server = TcpStream::connect(server).unwrap();
            for (mut from, mut to) in [
                (client.try_clone().unwrap(), server.try_clone().unwrap()),
                (server, client),
            ] {
                thread::spawn(move || io::copy(&mut from, &mut to));
            }
        }
    });
}

/// The URL with another address for the server, and the address that it had.
fn moved(url: &str, to: SocketAddr) -> (String, SocketAddr) {
    let (scheme, rest) = url.split_once("://").unwrap();
    let (authority, path) = rest.split_once('/').unwrap();
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let server = host.replace("localhost", "127.0.0.1").parse().unwrap();
    (format!("{scheme}://{user}@{to}/{path}"), server)
}

/// As an orchestrator sees it on the private port; the public one is closed.
#[track_caller]
fn lives_and_is_not_ready(deployment: &Deployment) {
    let ask = |path: &str| get(deployment.private_address(), path).unwrap();
    assert_eq!(ask("/health/live").status, 200);
    for path in ["/health/ready", "/health", "/metrics"] {
        let answer = ask(path);
        assert_eq!(answer.status, 503, "{path}");
        for part in ["retry-after: ", r#"{"status":"starting"}"#] {
            assert!(answer.body.contains(part), "{path}: {}", answer.body);
        }
    }
    let checked = deployment.run(&["health"]);
    assert_eq!(checked.status.code(), Some(1), "{}", text(&checked.stderr));
    assert!(TcpStream::connect(deployment.public_address()).is_err());
}

#[tokio::test]
async fn it_waits_for_a_database_that_is_not_there_yet_and_says_so() {
    let database = or_skip!(TestDatabase::postgres().await);
    for migrate_on_start in ["on", "off"] {
        let address = free_address();
        let (url, server) = moved(database.url(), address);
        let deployment = Deployment::new()
            .with("DATABASE_URL", &url)
            .with("VESTIBULE_MIGRATE_ON_START", migrate_on_start)
            .with("VESTIBULE_MASTER_KEY", MASTER_KEY)
            .with("VESTIBULE_LOG", "warn");
        let log = Log::of(&deployment);
        let starting = thread::scope(|scope| {
            let portal =
                scope.spawn(|| deployment.start_by(deployment.command(&[]).stderr(log.file())));
            log.wait_until_it_waits(2);
            assert!(!portal.is_finished());
            lives_and_is_not_ready(&deployment);
            forward(address, server);
            portal.join().unwrap_or_else(|_| panic!("{}", log.text()))
        });
        assert_eq!(starting.terminate(), Some(0));
        every_invariant_holds(&deployment);
    }
}

#[test]
fn asked_to_stop_while_it_waits_for_its_database_it_ends_in_order() {
    let url = format!("postgres://nobody:not-a-secret@{}/nothing", free_address());
    let deployment = Deployment::new()
        .with("DATABASE_URL", &url)
        .with("VESTIBULE_MASTER_KEY", MASTER_KEY)
        .with("VESTIBULE_LOG", "warn");
    let log = Log::of(&deployment);
    let mut waiting = deployment.spawn(deployment.command(&[]).stderr(log.file()));
    log.wait_until_it_waits(1);
    waiting.signal(Signal::TERM);
    assert_eq!(waiting.end_within(TIMEOUT), Some(0), "{}", log.text());
    assert!(!log.text().contains("not-a-secret"), "{}", log.text());
}

/// A database that takes connections and does not answer is
/// waited for like one that is not there; here because of a lock.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_waits_for_a_database_that_is_frozen_and_says_so() {
    let database = or_skip!(TestDatabase::postgres().await);
    let on_database = || Deployment::on(&database).with("VESTIBULE_MASTER_KEY", MASTER_KEY);
    assert_eq!(applied(migrating(&on_database())), MIGRATIONS);
    let mut rival = PgConnection::connect(database.url()).await.unwrap();
    for (locked, migrate_on_start) in [
        ("_sqlx_migrations", "on"),
        ("_sqlx_migrations", "off"),
        ("signing_keys", "off"),
    ] {
        let deployment = on_database()
            .with("VESTIBULE_MIGRATE_ON_START", migrate_on_start)
            .with("VESTIBULE_LOG", "warn");
        let log = Log::of(&deployment);
        let lock = format!("begin; lock table {locked} in access exclusive mode");
        run(&mut rival, &lock).await;
        let output = log.file();
        let starting = thread::spawn(move || {
            let starting = deployment.start_by(deployment.command(&[]).stderr(output));
            starting.terminate()
        });
        log.wait_until_it_waits(1);
        assert!(!starting.is_finished(), "{locked}");
        run(&mut rival, "commit").await;
        assert_eq!(starting.join().unwrap(), Some(0), "{locked}");
    }
    every_invariant_holds(&on_database());
}

/// With the schema left to another process, an old one is no surprise for the first visitor.
#[tokio::test]
async fn it_does_not_start_on_a_schema_that_nobody_migrates() {
    for database in databases().await {
        let deployment = Deployment::on(&database).with("VESTIBULE_MIGRATE_ON_START", "off");
        let output = deployment.run(&[]);
        let lines = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{lines}");
        assert!(lines.contains("run `vestibule migrate`"), "{lines}");
    }
}

pub fn migrating(deployment: &Deployment) -> Child {
    let mut command = deployment.command(&["migrate"]);
    command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// How many migrations it applied.
#[track_caller]
pub fn applied(child: Child) -> i64 {
    let output = child.wait_with_output().unwrap();
    let (out, error) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{out} {error}");
    let last = out.lines().last().unwrap();
    let count = last.strip_suffix(" migrations applied; the schema is up to date.");
    count.unwrap().parse().unwrap()
}

#[tokio::test]
async fn processes_that_migrate_at_once_do_it_once() {
    for database in databases().await {
        let deployment = Deployment::on(&database);
        let processes: Vec<Child> = (0..3).map(|_| migrating(&deployment)).collect();
        let total: i64 = processes.into_iter().map(applied).sum();
        assert_eq!(total, MIGRATIONS);
        assert_eq!(applied(migrating(&deployment)), 0);
        every_invariant_holds(&deployment);
        let served = deployment.with("VESTIBULE_MIGRATE_ON_START", "off");
        assert_eq!(served.start().terminate(), Some(0));
    }
}

async fn run(connection: &mut PgConnection, sql: &str) {
    let sql = AssertSqlSafe(sql.to_owned());
    sqlx::raw_sql(sql).execute(connection).await.unwrap();
}
