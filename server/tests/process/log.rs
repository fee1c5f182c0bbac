//! The log, when nobody reads it.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::support::{Deployment, PATIENCE, Running};

/// Each is a line: a pipe holds a few hundred, and 8192 may wait.
const REQUESTS: usize = 12_000;
const CLIENTS: usize = 4;

fn request_much(portal: &Running) {
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let mut client = portal.open();
                for _ in 0..REQUESTS / CLIENTS {
                    assert_eq!(client.get("/health/live").unwrap().status, 200);
                }
            });
        }
    });
}

#[test]
fn a_log_that_nobody_reads_stops_no_request() {
    let deployment = Deployment::new()
        .with("VESTIBULE_LOG", "info")
        .with("VESTIBULE_LOG_FORMAT", "json");
    let mut command = deployment.command(&[]);
    let mut portal = deployment.start_by(command.stderr(Stdio::piped()));
    request_much(&portal);
    assert_eq!(portal.get("/login").unwrap().status, 200);

    // Somebody reads again: each line is whole, and one says how many are missing.
    let pipe = portal.child.stderr.take().unwrap();
    let (sender, lines) = mpsc::channel();
    let reader = thread::spawn(move || {
        for line in BufReader::new(pipe).lines() {
            let _ = sender.send(line.unwrap());
        }
    });
    let mut told = None;
    while told.is_none() {
        let line = lines.recv_timeout(PATIENCE).expect("nothing is told");
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        if line["message"]
            .as_str()
            .unwrap()
            .contains("log lines were lost")
        {
            told = line["lines"].as_u64();
        }
    }
    assert!(told > Some(1000), "{told:?}");

    // What is logged last is there.
    assert_eq!(portal.terminate(), Some(0));
    reader.join().unwrap();
    assert!(lines.iter().any(|line| line.contains("\"stopping\"")));
}

/// A log that is never read again does not hold the end up either.
#[test]
fn a_log_that_nobody_reads_holds_no_stop_up() {
    let deployment = Deployment::new().with("VESTIBULE_LOG", "info");
    let mut command = deployment.command(&[]);
    let mut portal = deployment.start_by(command.stderr(Stdio::piped()).stdout(Stdio::piped()));
    request_much(&portal);
    portal.signal(rustix::process::Signal::TERM);
    assert_eq!(portal.end_within(Duration::from_secs(5)), Some(0));
}
