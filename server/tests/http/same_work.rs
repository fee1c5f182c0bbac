//! Known and unknown addresses cost the same writing transactions, so that nobody who writes beside
//! them shows which is which. How long that takes is lost in a step of the clock: `in_uniform_time`
//! of the core.

use std::sync::Arc;
use std::time::Duration;

use sqlx::{Connection as _, SqliteConnection};
use vestibule::config::Config;
use vestibule_core::RegistrationMode;
use vestibule_testkit::TestDatabase;

use crate::support::{Answer, PASSWORD, TestApp, on_every_database};

on_every_database! {
    a_private_registration_asks_the_database_about_as_often_for_a_taken_address with private_mode,
}

fn private_mode(config: &mut Config) {
    config.registration = RegistrationMode::Private;
    config.redis.url = None;
}

/// A second transaction would be a beginning and a commit more, and a second wait for the writer.
async fn a_private_registration_asks_the_database_about_as_often_for_a_taken_address(app: TestApp) {
    let mut asked = Vec::new();
    for _ in 0..2 {
        let before = app.store.round_trips();
        expect!(app.registration("ann@example.org", PASSWORD) => 202);
        asked.push(app.store.round_trips() - before);
    }
    let [new, taken] = asked[..] else {
        unreachable!()
    };
    // The token and the welcome.
    assert_eq!(new, taken + 2);
    app.read_mails().await;
}

/// SQLite with its one writer, which the test has until the value is dropped.
async fn with_a_writer_beside_it(configure: fn(&mut Config)) -> (TestApp, SqliteConnection) {
    let app = TestApp::start(Arc::new(TestDatabase::sqlite()), configure, 42).await;
    let rival = SqliteConnection::connect(app.database.url()).await.unwrap();
    (app, rival)
}

async fn run(rival: &mut SqliteConnection, sql: &'static str) {
    sqlx::raw_sql(sql).execute(rival).await.unwrap();
}

/// Whether the call waits for the writer; it is answered with the status once the writer is free.
async fn waits(
    rival: &mut SqliteConnection,
    status: u16,
    call: impl Future<Output = Answer> + Send + 'static,
) -> bool {
    run(rival, "begin immediate").await;
    let call = tokio::spawn(call);
    // Much longer than an answer takes that waits for nobody.
    tokio::time::sleep(Duration::from_millis(400)).await;
    let waits = !call.is_finished();
    run(rival, "commit").await;
    call.await.unwrap().expect(status);
    waits
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_for_an_unknown_address_waits_for_the_writer_as_one_for_a_known_address_does() {
    let (app, mut rival) = with_a_writer_beside_it(|_| {}).await;
    app.account("ann@example.org").await;
    app.verified_user("bob@example.org").await;
    for email in [
        "ann@example.org",
        "bob@example.org",
        "nobody@example.org",
        "no address",
    ] {
        let call = app.verify_code(email, "123456");
        let waits = waits(&mut rival, 400, async move { call.await }).await;
        assert!(waits, "{email}");
    }
    rival.close().await.unwrap();
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mails_that_are_asked_for_wait_for_the_writer_whatever_the_address_is() {
    let (app, mut rival) = with_a_writer_beside_it(private_mode).await;
    expect!(app.registration("ann@example.org", PASSWORD) => 202);
    for email in ["ann@example.org", "nobody@example.org"] {
        for (what, status, call) in [
            ("reset", 200, app.forgot(email)),
            ("verification", 200, app.resend(email)),
            ("registration", 202, app.registration(email, PASSWORD)),
        ] {
            let waits = waits(&mut rival, status, async move { call.await }).await;
            assert!(waits, "{what} of {email}");
        }
    }
    app.read_mails().await;
    rival.close().await.unwrap();
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_sign_in_waits_for_no_writer_not_even_with_the_right_password() {
    let (app, mut rival) = with_a_writer_beside_it(|_| {}).await;
    app.verified_user("bob@example.org").await;
    let ann = app.verified_user("ann@example.org").await;
    app.undo_token(&ann).await;
    for (email, password) in [
        ("nobody@example.org", PASSWORD),
        ("bob@example.org", "wrong"),
        ("ann@example.org", "wrong"),
        ("ann@example.org", PASSWORD),
    ] {
        let call = app.login(email, password);
        let waits = waits(&mut rival, 401, async move { call.await }).await;
        assert!(!waits, "{email} {password}");
    }
    app.read_mails().await;
    rival.close().await.unwrap();
    app.finish().await;
}
