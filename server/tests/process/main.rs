//! The binary itself: how it starts, stops, refuses to start, and what a power cut leaves behind.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on panics"
)]

mod attack;
mod client;
mod collector;
mod commands;
mod connections;
mod database;
mod keys;
mod kill;
mod log;
mod log_secrets;
mod metrics;
mod settings;
mod shipping;
mod stop;
mod support;
mod traces;

use std::time::Duration;

use vestibule_testkit::{TestDatabase, databases};

use support::{
    Deployment, PASSWORD, TIMEOUT, every_invariant_holds, exchange, free_address, is_private, post,
    refused_in_one_line, registers, request, text,
};

#[test]
fn an_embedded_database_serves_one_process() {
    let deployment = Deployment::new();
    let first = deployment.start();
    let other = |name| (name, free_address().to_string());
    let second = deployment
        .command(&[])
        .envs([other("VESTIBULE_LISTEN"), other("VESTIBULE_PRIVATE_LISTEN")])
        .output()
        .unwrap();
    refused_in_one_line(&second, "DATABASE_URL", "another vestibule");
    // Looking at the data is no serving.
    every_invariant_holds(&deployment);
    drop(first);
    assert_eq!(
        deployment.start().terminate(),
        Some(0),
        "the lock of a killed process is free"
    );
}

#[test]
fn commands_that_are_none_are_refused() {
    let output = Deployment::new().run(&["sevre"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("sevre"));
}

#[test]
fn it_starts_with_nothing_but_itself_and_stops_when_asked() {
    let deployment = Deployment::new();
    let portal = deployment.start();
    registers(&portal, "ann@example.org");
    assert_eq!(portal.get("/login").unwrap().status, 200);
    assert_eq!(portal.get("/dev/mailbox").unwrap().status, 200);
    assert_eq!(portal.terminate(), Some(0));
    is_private(&deployment.folder.path().join("data"));

    let portal = deployment.start();
    let body = format!(r#"{{"email":"ann@example.org","password":"{PASSWORD}"}}"#);
    let signed_in = post(portal.address, "/api/v1/auth/login", &body).unwrap();
    assert_eq!(
        signed_in.status, 200,
        "it finds its data and its keys again"
    );
    assert_eq!(portal.terminate(), Some(0));
}

/// A proxy on the same machine asks for everybody.
#[test]
fn the_development_mailbox_is_not_shown_through_a_proxy() {
    let deployment = Deployment::new();
    let portal = deployment.start();
    let mailbox = |header: &str| {
        let request = request("GET /dev/mailbox", &[header], "");
        exchange(portal.address, &request).unwrap().status
    };
    assert_eq!(mailbox("accept: text/html"), 200);
    for header in [
        "x-forwarded-for: 203.0.113.7",
        "X-Forwarded-For: 127.0.0.1",
        "x-forwarded-proto: https",
        "x-forwarded-host: localhost",
        "forwarded: for=127.0.0.1",
        "via: 1.1 proxy",
        "x-real-ip: 127.0.0.1",
        "cf-connecting-ip: 127.0.0.1",
        "true-client-ip: 127.0.0.1",
    ] {
        assert_eq!(mailbox(header), 404, "{header}");
    }
}

/// Each with the answers that it may get.
fn odd_requests() -> Vec<(String, &'static [u16])> {
    let me = "GET /api/v1/auth/me HTTP/1.1\r\nhost: localhost";
    let bearer = |count| format!("{me}\r\nauthorization: Bearer {}", "x".repeat(count));
    vec![
        (bearer(100_000), &[431][..]),
        (bearer(2_000_000), &[431]),
        (format!("{me}{}", "\r\na: b".repeat(500)), &[431]),
        (
            format!("GET /{} HTTP/1.1\r\nhost: localhost", "x".repeat(100_000)),
            &[431],
        ),
        ("GET /api/v1/auth/me HTTP/1.1".to_owned(), &[400, 421]),
        (format!("{me}\r\nhost: evil.example"), &[400, 421]),
        (
            format!("{me}\r\ncontent-length: 5\r\ncontent-length: 6"),
            &[400],
        ),
        (format!("{me}\r\ncontent-length: -1"), &[400]),
        (format!("{me}\r\nx-request-id: a\0b"), &[400]),
        (
            "GET /api/v1/auth/me HTTP/9.9\r\nhost: localhost".to_owned(),
            &[400],
        ),
        ("nonsense".to_owned(), &[400]),
        (
            "GET http://evil.example/login HTTP/1.1\r\nhost: localhost".to_owned(),
            &[421],
        ),
    ]
}

#[test]
fn oversized_headers_are_refused_and_odd_requests_survived() {
    let deployment = Deployment::new();
    let portal = deployment.start();
    let request = |head: &str| {
        exchange(
            portal.address,
            &format!("{head}\r\nconnection: close\r\n\r\n"),
        )
    };
    for (head, statuses) in odd_requests() {
        // A server may close before it has read a head that it refuses;
        // then there is no answer to look at.
        if let Ok(answer) = request(&head) {
            let start: String = head.chars().take(120).collect();
            assert!(
                statuses.contains(&answer.status),
                "{start}: {}",
                answer.body
            );
        }
        assert_eq!(
            portal.get("/health/live").unwrap().status,
            200,
            "it lives on"
        );
    }
}

#[tokio::test]
async fn verify_names_what_does_not_hold() {
    for database in databases().await {
        let deployment = Deployment::on(&database);
        let portal = deployment.start();
        registers(&portal, "ann@example.org");
        assert_eq!(portal.terminate(), Some(0));
        every_invariant_holds(&deployment);
        database.execute("delete from mail_outbox").await;
        let output = deployment.run(&["verify"]);
        assert_eq!(
            (output.status.code(), text(&output.stdout).as_str()),
            (Some(1), "user_without_mail: 1 rows\n")
        );
    }
}

/// By the worker of the running portal, which nobody asks to;
/// then a copy of the file shows nothing of the account in its free pages.
#[tokio::test]
async fn an_erased_account_is_overwritten() {
    let database = TestDatabase::sqlite();
    let deployment = Deployment::on(&database);
    let portal = deployment.start();
    for name in ["ann", "bob"] {
        let email = format!("{name}.marker@example.org");
        registers(&portal, &email);
    }
    assert_eq!(portal.terminate(), Some(0));
    let due = "update users set is_active = false, delete_at = created_at where email like 'ann%'";
    // This write is none of the portal's.
    database
        .execute(&format!("pragma secure_delete = on; {due}"))
        .await;
    let portal = deployment.start();
    let erased = async {
        while database.count("from users where email like 'ann%'").await > 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let erased = tokio::time::timeout(TIMEOUT, erased).await;
    erased.expect("the account is still there");
    assert_eq!(portal.terminate(), Some(0));
    // What was written last is beside the file until then.
    database.execute("pragma wal_checkpoint(truncate)").await;
    let file = database
        .url()
        .trim_start_matches("sqlite:")
        .trim_start_matches("//");
    let bytes = std::fs::read(file).unwrap();
    let holds = |text: &str| {
        bytes
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    };
    assert!(holds("bob.marker@example.org"));
    assert!(!holds("ann.marker@example.org"));
}
