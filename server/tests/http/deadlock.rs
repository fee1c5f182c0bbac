//! A request that waits in a circle with another session of the database.

use std::sync::Arc;

use sqlx::{Connection as _, PgConnection};
use vestibule_testkit::TestDatabase;

use crate::support::TestApp;

async fn run(rival: &mut PgConnection, sql: &'static str) {
    sqlx::raw_sql(sql).execute(rival).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadlock_is_reported_as_retry_and_leaves_nothing() {
    let Some(database) = TestDatabase::postgres().await else {
        eprintln!("skipped: TEST_POSTGRES_URL is not set");
        return;
    };
    let app = TestApp::start(Arc::new(database), |_| {}, 42).await;
    let ann = app.user("ann@example.org").await;
    let phone = app.sign_in("ann@example.org").await;
    app.read_mails().await;
    let mut rival = PgConnection::connect(app.database.url()).await.unwrap();
    // The portal waits first, so it is the one that looks for a circle, after a second.
    run(&mut rival, "set deadlock_timeout = '60s'").await;
    run(&mut rival, "begin; update sessions set device = device").await;
    let request = tokio::spawn({
        let call = app.post("/logout-all").bearer(&ann.access_token);
        async move { call.await }
    });
    let stuck =
        "from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    while app.database.count(stuck).await == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    run(&mut rival, "update users set first_name = 'Anna'").await;
    let answer = request.await.unwrap().expect_problem(503, "unavailable");
    assert!(answer.retry_after() >= 1, "{answer:?}");
    run(&mut rival, "commit").await;
    rival.close().await.unwrap();
    assert!(app.accepts(&ann.access_token).await && app.accepts(&phone.access_token).await);
    expect!(app.post("/logout-all").bearer(&ann.access_token) => 204);
    assert!(!app.accepts(&phone.access_token).await);
    app.finish().await;
}
