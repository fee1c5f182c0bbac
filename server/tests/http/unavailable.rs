//! What is answered when a dependency is out of reach, or
//! there is too much to do. Never anything wider.

use std::sync::Arc;

use http::Method;
use vestibule::config::Config;
use vestibule_core::HashSettings;
use vestibule_testkit::databases;

use crate::support::{
    Browser, Mail, NEW_PASSWORD, PASSWORD, SignedIn, TestApp, address, assert_has, in_parallel,
    on_every_database, signed_in_browser,
};

on_every_database! {
    a_full_hash_queue_is_reported_at_once with one_slow_hash_thread,
}

/// One hash of the strongest kind that is allowed at a time, and one that waits.
fn one_slow_hash_thread(config: &mut Config) {
    config.passwords.hashing = HashSettings {
        memory_kib: 65_536,
        passes: 10,
        threads: 1,
        queue: 1,
        ..HashSettings::default()
    };
}

async fn a_full_hash_queue_is_reported_at_once(app: TestApp) {
    let answers = in_parallel(8, |number| {
        let email = format!("user-{number}@example.org");
        let call = app.registration(&email, PASSWORD).from(&address(number));
        async move { call.await }
    })
    .await;
    let (made, refused): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|answer| answer.status == 201);
    assert!(
        !made.is_empty() && refused.len() >= 4,
        "{} made, {} refused",
        made.len(),
        refused.len()
    );
    for answer in refused {
        let answer = answer.expect_problem(503, "overloaded");
        assert!((1..=3).contains(&answer.retry_after()), "{answer:?}");
    }
    assert_eq!(app.read_mails().await.len(), made.len());
    // Being turned away is no failed sign-in.
    app.database.execute("delete from audit_logs").await;
    assert_eq!(app.try_sign_in("nobody@example.org", PASSWORD).await, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_database_the_portal_answers_503_and_lets_nobody_in() {
    for database in databases().await {
        let app = TestApp::start(Arc::new(database), |_| {}, 42).await;
        let (ann, mail) = app.register("ann@example.org").await;
        let fresh = app.sign_in("ann@example.org").await;
        let mut browser = signed_in_browser(&app, "ann@example.org").await;
        app.store.close().await;

        for path in ["/health", "/health/ready"] {
            let answer = app.at(Method::GET, path).await.expect(503);
            let health = answer.json();
            assert_eq!(health["status"], "unavailable");
            assert_eq!(health["dependencies"]["database"], "unavailable");
        }
        app.at(Method::GET, "/health/live").await.expect(200);
        expect!(app.at(Method::GET, "/.well-known/jwks.json") => 200);

        nothing_is_answered(&app, &ann, &fresh, &mail).await;
        pages_say_so(&app, &mut browser).await;
        // A token that is none is refused without the database.
        expect!(app.get("/me").bearer("x.y.z") => 401, "unauthenticated");
        expect!(app.refresh("x") => 401, "invalid_refresh_token");
    }
}

async fn nothing_is_answered(app: &TestApp, ann: &SignedIn, fresh: &SignedIn, mail: &Mail) {
    expect!(app.me(fresh) => 503, "unavailable");
    expect!(app.post("/logout").bearer(&fresh.access_token) => 503, "unavailable");
    expect!(app.get("/events").bearer(&fresh.access_token) => 503, "unavailable");
    expect!(app.delete_account(fresh) => 503, "unavailable");
    expect!(app.change_email(fresh, "new@example.org") => 503, "unavailable");
    for call in [
        app.registration("bob@example.org", PASSWORD),
        app.login("ann@example.org", PASSWORD),
        app.login("ann@example.org", "wrong"),
        app.refresh(&ann.refresh_token),
        app.forgot("ann@example.org"),
        app.reset("x", NEW_PASSWORD),
        app.verify(mail.token.as_deref().unwrap()),
        app.verify_code("ann@example.org", mail.code.as_deref().unwrap()),
        app.resend("ann@example.org"),
    ] {
        expect!(call => 503, "unavailable");
    }
}

async fn pages_say_so(app: &TestApp, browser: &mut Browser) {
    // The number of the request can be copied where
    // scripts come with the page, and selected everywhere.
    for (path, has_scripts) in [("/account", false), ("/account/password", true)] {
        let page = browser.open(path).await.expect(503).text();
        assert_has(&page, &["Back in a moment", "class=\"footnote\""]);
        for part in ["data-copy", "modulepreload"] {
            assert_eq!(page.contains(part), has_scripts, "{part} in {page}");
        }
    }
    let fields = [("email", "ann@example.org"), ("password", PASSWORD)];
    let mut stranger = Browser::new(app);
    stranger.submit("sign_in", &fields).await;
    let page = stranger.open("/login").await.expect(200).text();
    assert_has(&page, &["role=\"alert\"", "We cannot reach our database"]);
}
