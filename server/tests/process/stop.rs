//! How it stops: readiness first, then the port; what was
//! received is answered, and nobody can hold it up.

use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use vestibule_testkit::{SmtpPeer, SmtpScript, TestDatabase, databases};

use crate::support::{
    Client, Deployment, PASSWORD, Running, TIMEOUT, every_invariant_holds, get, post, registers,
    wait_until,
};

/// A registration whose last byte is still to come.
struct Unfinished(Client);

impl Unfinished {
    fn begin(portal: &Running, email: &str) -> Self {
        let body = format!(r#"{{"email":"{email}","password":"{PASSWORD}"}}"#);
        let head = format!(
            "POST /api/v1/auth/register HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let mut client = portal.open();
        client.send(&head).send(&body[..body.len() - 1]);
        // Until it is in its hands.
        thread::sleep(Duration::from_millis(100));
        Self(client)
    }

    /// The status, and whether the connection ends with the answer.
    fn finish(mut self) -> (u16, bool) {
        let answer = self.0.send("}").answer().unwrap();
        (answer.status, answer.body.contains("connection: close"))
    }
}

/// The log beside the file of an embedded database, which is only there while a process has it
/// open.
fn log_of(database: &TestDatabase) -> Option<PathBuf> {
    let file = database.url().strip_prefix("sqlite:")?;
    let file = file.trim_start_matches("//").split('?').next()?;
    Some(PathBuf::from(format!("{file}-wal")))
}

#[tokio::test]
async fn readiness_fails_first_and_everything_is_served_for_a_while() {
    for database in databases().await {
        let deployment = Deployment::on(&database).with("VESTIBULE_SHUTDOWN_GRACE_SECONDS", "3");
        let mut portal = deployment.start();
        let ports = [portal.address, portal.private_address];
        let mut kept = portal.open();
        assert_eq!(kept.get("/health/live").unwrap().status, 200);
        registers(&portal, "ann@example.org");
        let log = log_of(&database);
        let is_left = || log.as_ref().is_some_and(|log| log.exists());
        assert_eq!(is_left(), log.is_some(), "this test would see nothing");

        let asked = Instant::now();
        portal.signal(Signal::TERM);
        wait_until(
            || portal.get("/health/ready").unwrap().status == 503,
            || "it is still ready",
        );
        assert!(asked.elapsed() < Duration::from_secs(1));
        let status = |port, path| get(port, path).unwrap().status;
        for port in ports {
            assert_eq!(status(port, "/health/ready"), 503);
            assert_eq!(status(port, "/health"), 503);
            assert_eq!(status(port, "/health/live"), 200);
        }
        // A proxy that has not looked yet goes on, and
        // learns that this connection is of no more use.
        let answer = kept.get("/health/live").unwrap();
        assert_eq!(answer.status, 200);
        assert!(answer.body.contains("connection: close"), "{}", answer.body);
        registers(&portal, "bob@example.org");
        let unfinished = Unfinished::begin(&portal, "eve@example.org");

        // The port closes, and what was received is answered.
        wait_until(
            || TcpStream::connect(portal.address).is_err(),
            || "it still accepts",
        );
        assert!(
            asked.elapsed() >= Duration::from_millis(2900),
            "{:?}",
            asked.elapsed()
        );
        assert_eq!(unfinished.finish(), (201, true));
        assert_eq!(portal.end_within(Duration::from_secs(5)), Some(0));
        assert!(!is_left(), "{log:?}");
        every_invariant_holds(&deployment);
    }
}

#[test]
fn a_client_without_a_whole_request_does_not_hold_it_up() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let deployment = Deployment::new();
        let mut portal = deployment.start();
        let silent = portal.open();
        let mut kept = portal.open();
        kept.get("/health/live").unwrap();
        let mut half = portal.open();
        half.send("GET /health/live HTTP/1.1\r\nhost: localhost\r\n");
        let mut second_half = portal.open();
        second_half.get("/health/live").unwrap();
        second_half.send("GET /health/live HTTP/1.1\r\n");
        thread::sleep(Duration::from_millis(100));
        portal.signal(signal);
        assert_eq!(portal.end_within(Duration::from_millis(1500)), Some(0));
        drop((silent, kept, half, second_half));
    }
}

/// The connection was taken by the system, and nobody has looked at it yet.
#[test]
fn a_request_that_came_at_the_last_moment_is_answered() {
    let deployment = Deployment::new();
    let mut portal = deployment.start();
    for _ in 0..3 {
        portal.signal(Signal::STOP);
        let mut kept = portal.open();
        kept.send("GET /health/live HTTP/1.1\r\nhost: localhost\r\n\r\n");
        portal.signal(Signal::CONT);
        assert_eq!(kept.answer().unwrap().status, 200);
    }
    let mut kept = portal.open();
    kept.get("/health/live").unwrap();
    portal.signal(Signal::STOP);
    let mut late: Vec<Client> = (0..20).map(|_| portal.open()).collect();
    late.push(kept);
    for client in &mut late {
        client.send("GET /login HTTP/1.1\r\nhost: localhost\r\n\r\n");
    }
    portal.signal(Signal::TERM);
    portal.signal(Signal::CONT);
    for client in &mut late {
        assert_eq!(client.answer().unwrap().status, 200);
    }
    assert_eq!(portal.end_within(Duration::from_secs(5)), Some(0));
}

/// As with every signal what was received is answered; a terminal that closes may say so twice.
#[test]
fn a_terminal_that_closes_ends_it_in_order() {
    let deployment = Deployment::new();
    let mut portal = deployment.start();
    let unfinished = Unfinished::begin(&portal, "ann@example.org");
    for _ in 0..2 {
        portal.signal(Signal::HUP);
        thread::sleep(Duration::from_millis(200));
    }
    assert_eq!(unfinished.finish(), (201, true));
    assert_eq!(portal.end_within(TIMEOUT), Some(0));
    every_invariant_holds(&deployment);
}

#[test]
fn started_to_outlive_its_terminal_it_does() {
    let deployment = Deployment::new();
    let portal = deployment.start_by(&mut deployment.in_shell("trap '' HUP"));
    portal.signal(Signal::HUP);
    thread::sleep(Duration::from_millis(300));
    assert_eq!(portal.get("/health/ready").unwrap().status, 200);
    assert_eq!(portal.terminate(), Some(0));
}

#[test]
fn a_second_signal_ends_it_at_once() {
    for first in [Signal::TERM, Signal::INT] {
        let deployment = Deployment::new();
        let mut portal = deployment.start();
        let unfinished = Unfinished::begin(&portal, "ann@example.org");
        portal.signal(first);
        thread::sleep(Duration::from_millis(300));
        assert!(
            portal.child.try_wait().unwrap().is_none(),
            "it waits for the request"
        );
        portal.signal(Signal::TERM);
        assert_eq!(portal.end_within(Duration::from_secs(1)), Some(1));
        drop(unfinished);
        every_invariant_holds(&deployment);
    }
}

/// In the grace time as well.
#[test]
fn a_second_signal_ends_the_grace_time() {
    let deployment = Deployment::new().with("VESTIBULE_SHUTDOWN_GRACE_SECONDS", "15");
    let mut portal = deployment.start();
    portal.signal(Signal::TERM);
    thread::sleep(Duration::from_millis(200));
    portal.signal(Signal::TERM);
    assert_eq!(portal.end_within(Duration::from_secs(2)), Some(1));
}

/// A mail server that says nothing at all.
#[tokio::test]
async fn a_mail_that_is_not_sent_in_time_is_given_back() {
    for database in databases().await {
        let smtp = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("smtp://{}?tls=opportunistic", smtp.local_addr().unwrap());
        let deployment = Deployment::on(&database).with("SMTP_URL", &url);
        let mut portal = deployment.start();
        registers(&portal, "ann@example.org");
        let dialogue = smtp.accept().unwrap();
        portal.signal(Signal::TERM);
        assert_eq!(portal.end_within(Duration::from_secs(10)), Some(0));
        drop(dialogue);
        // It is due, and nobody's, and a stop is no try.
        let due = "from mail_outbox where status = 'pending' and lease_id is null and attempts = 0";
        assert_eq!(database.count(due).await, 1);
        every_invariant_holds(&deployment);
    }
}

/// The server has all of it, and takes longer for its reply
/// than a mail has that is still to be handed over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_that_was_handed_over_is_waited_for_and_not_sent_again() {
    for database in databases().await {
        let by = Duration::from_secs(9);
        let peer = SmtpPeer::start(SmtpScript::LateOnce { at: ".", by }, "").await;
        let url = format!("smtp://127.0.0.1:{}", peer.port());
        let deployment = Deployment::on(&database).with("SMTP_URL", &url);
        let mut portal = deployment.start();
        registers(&portal, "ann@example.org");
        wait_until(
            || peer.seen(|seen| seen.commands.iter().any(|command| command == "DATA")),
            || "no mail comes",
        );
        portal.signal(Signal::TERM);
        assert_eq!(portal.end_within(Duration::from_secs(20)), Some(0));
        let sent = "from mail_outbox where status = 'sent'";
        assert_eq!(database.count(sent).await, 1);
        peer.seen(|seen| assert_eq!(seen.messages.len(), 1));
    }
}

const GUESSES: i64 = 40;

#[tokio::test]
async fn what_was_refused_before_the_end_is_in_the_audit_log() {
    for database in databases().await {
        let deployment = Deployment::on(&database);
        let mut portal = deployment.start();
        for number in 0..GUESSES {
            let body = format!(r#"{{"email":"user-{number}@example.org","password":"wrong"}}"#);
            let answer = post(portal.address, "/api/v1/auth/login", &body).unwrap();
            assert_eq!(answer.status, 401, "{}", answer.body);
        }
        portal.signal(Signal::TERM);
        assert_eq!(portal.end_within(TIMEOUT), Some(0));
        let written = database
            .count("from audit_logs where event_type = 'login_failure'")
            .await;
        assert_eq!(written, GUESSES);
        every_invariant_holds(&deployment);
    }
}
