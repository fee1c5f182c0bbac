//! PostgreSQL over TLS: whom the store talks to.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test that cannot go on panics, and says what it skips"
)]

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use vestibule_core::ports::StoreError;
use vestibule_daemons::{Postgres, postgres_folder};
use vestibule_storage::{StorageSettings, connect_store};
use vestibule_testkit::{TestCertificate, ok};

/// The server has this name and no other.
const NAME: &str = "localhost";

/// Has the server write the files itself: they must be its own, and readable by nobody else.
async fn turn_on_tls(postgres: &Postgres, files: &TestCertificate) {
    let url = format!("{}?sslmode=disable", postgres.url("postgres"));
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let mut run = async |sql: String| {
        ok!(sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection));
    };
    // The server's folder is the one that its programs start in.
    for (file, pem) in [
        ("server.crt", &files.certificate),
        ("server.key", &files.key),
    ] {
        run(format!(
            "copy (select unnest(string_to_array('{pem}', e'\\n'))) to program 'umask 077; cat > {file}'"
        ))
        .await;
    }
    run("alter system set ssl = on".to_owned()).await;
    run("select pg_reload_conf()".to_owned()).await;
    connection.close().await.unwrap();
}

/// The certificate is the server's, of the authority that is named, for the name that is asked for.
#[tokio::test]
async fn a_certificate_is_verified_in_full() {
    if postgres_folder().is_none() {
        eprintln!("skipped: there is no PostgreSQL to start");
        return;
    }
    let postgres = Postgres::start().unwrap();
    let files = TestCertificate::of(NAME);
    turn_on_tls(&postgres, &files).await;
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root.pem");
    std::fs::write(&root, files.authority).unwrap();

    let url = |host: &str, query: &str| {
        let url = postgres.url("postgres").replace("127.0.0.1", host);
        format!("{url}?{query}")
    };
    let ping = async |host: &str, query: &str| {
        let settings = StorageSettings::default();
        let store = connect_store(&url(host, query).into(), &settings).unwrap();
        let answer = store.ping().await;
        store.close().await;
        answer
    };
    let full = format!("sslmode=verify-full&sslrootcert={}", root.display());
    // The server takes note of its new settings in a moment.
    let started = std::time::Instant::now();
    while ping(NAME, &full).await.is_err() {
        assert!(
            started.elapsed().as_secs() < 10,
            "{:?}",
            ping(NAME, &full).await
        );
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    // Another name, and an authority that is not among the public ones.
    for (host, query) in [
        ("127.0.0.1", full.as_str()),
        (NAME, "sslmode=verify-full"),
        (NAME, "sslmode=verify-ca"),
    ] {
        let Err(StoreError::Unavailable(error)) = ping(host, query).await else {
            panic!("{host} {query}");
        };
        let error = error.to_string();
        assert!(error.contains("certificate"), "{host} {query}: {error}");
    }
    let any_name = format!("sslmode=verify-ca&sslrootcert={}", root.display());
    ping("127.0.0.1", &any_name).await.unwrap();

    assert_encrypted(&url(NAME, &full)).await;
}

async fn assert_encrypted(url: &str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let is_encrypted: bool = ok!(sqlx::query_scalar(
        "select ssl from pg_stat_ssl where pid = pg_backend_pid()"
    )
    .fetch_one(&mut connection));
    assert!(is_encrypted);
    connection.close().await.unwrap();
}
