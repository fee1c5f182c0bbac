//! What connections may do, how long and how many: slow ones,
//! idle ones, and more of them than there is room for.

use std::io::Read as _;
use std::net::SocketAddr;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use vestibule_daemons::cpu_time;

use crate::support::{Client, Deployment, Running, get, wait_until};

/// The head of a request that has a body of a hundred bytes.
const LOGIN: &str = "POST /api/v1/auth/login HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n";
const HALF_A_HEAD: &str = "GET /health/live HTTP/1.1\r\nhost: loc";
const LARGE_FILE: &str = "/api/docs/swagger-ui-bundle.js";

fn get_large_file() -> String {
    format!("GET {LARGE_FILE} HTTP/1.1\r\nhost: localhost\r\n\r\n")
}

fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// Another client is served as if nothing were.
#[track_caller]
fn serves_others(portal: &Running) {
    serves_others_within(portal, millis(1000));
}

fn serves_others_within(portal: &Running, most: Duration) {
    let asked = Instant::now();
    assert_eq!(portal.get("/health/live").unwrap().status, 200);
    assert!(asked.elapsed() < most, "{:?}", asked.elapsed());
}

#[test]
fn a_head_that_comes_too_slowly_is_cut_off() {
    let deployment = Deployment::new().with("VESTIBULE_HEADER_TIMEOUT_SECONDS", "1");
    let portal = deployment.start();
    let opened = Instant::now();
    let mut silent = portal.open();
    let mut slow = portal.open();
    // Coming a little at a time does not help.
    let mut bytes = HALF_A_HEAD.bytes();
    slow.send("G");
    while !slow.is_closed() {
        let byte = [bytes.next().unwrap_or(b'x')];
        let _ = std::io::Write::write_all(&mut slow.stream, &byte);
        thread::sleep(millis(50));
        assert!(opened.elapsed() < millis(5000), "it is still open");
    }
    assert!(opened.elapsed() >= millis(950), "{:?}", opened.elapsed());
    let closed = silent.closed_after(opened);
    assert!((millis(950)..millis(3000)).contains(&closed), "{closed:?}");
    serves_others(&portal);
}

#[test]
fn a_kept_connection_may_wait_longer_than_a_head_may_take() {
    let deployment = Deployment::new()
        .with("VESTIBULE_HEADER_TIMEOUT_SECONDS", "1")
        .with("VESTIBULE_IDLE_TIMEOUT_SECONDS", "3");
    let portal = deployment.start();
    let (mut kept, mut slow) = (portal.open(), portal.open());
    for client in [&mut kept, &mut slow] {
        assert_eq!(client.get("/health/live").unwrap().status, 200);
    }
    thread::sleep(millis(2000));
    assert_eq!(kept.get("/health/live").unwrap().status, 200);
    // Once something of a request has come, the rest has to follow.
    let began = Instant::now();
    slow.send(HALF_A_HEAD);
    let closed = slow.closed_after(began);
    assert!((millis(950)..millis(2500)).contains(&closed), "{closed:?}");
    let closed = kept.closed_after(began);
    assert!((millis(2900)..millis(6000)).contains(&closed), "{closed:?}");
}

#[test]
fn a_body_that_comes_too_slowly_is_answered_408() {
    let deployment = Deployment::new().with("VESTIBULE_REQUEST_TIMEOUT_SECONDS", "1");
    let portal = deployment.start();
    let began = Instant::now();
    let mut slow = portal.open();
    slow.send(LOGIN).send("{\"email\":");
    serves_others(&portal);
    let answer = slow.answer().unwrap();
    assert_eq!(answer.status, 408, "{}", answer.body);
    assert!(began.elapsed() >= millis(950), "{:?}", began.elapsed());
    for part in [
        "\"code\":\"request_timeout\"",
        "connection: close",
        "x-request-id: ",
        "content-type: application/problem+json",
    ] {
        assert!(answer.body.contains(part), "{part} in {}", answer.body);
    }
    slow.closed_after(began);
}

#[test]
fn a_body_that_announces_too_much_is_refused_before_it_comes() {
    let deployment = Deployment::new();
    let portal = deployment.start();
    let mut client = portal.open();
    client.send(&LOGIN.replace("100", "10000000"));
    let answer = client.answer().unwrap();
    assert_eq!(answer.status, 413, "{}", answer.body);
    assert!(answer.body.contains("body_too_large"), "{}", answer.body);
}

/// Closing while the client still sends would lose the answer on its way.
#[test]
fn a_body_that_is_somewhat_too_large_is_received_before_it_is_refused() {
    let deployment = Deployment::new();
    let portal = deployment.start();
    let mut client = portal.open();
    client.send(&LOGIN.replace("100", "900000"));
    client.send(&"x".repeat(800_000));
    thread::sleep(millis(200));
    assert!(!client.is_closed());
    client.send(&"x".repeat(100_000));
    let answer = client.answer().unwrap();
    assert_eq!(answer.status, 413, "{}", answer.body);
    assert_eq!(client.get("/health/live").unwrap().status, 200);
}

#[test]
fn a_client_that_reads_nothing_is_cut_off() {
    let deployment = Deployment::new().with("VESTIBULE_REQUEST_TIMEOUT_SECONDS", "1");
    let portal = deployment.start();
    let size = portal.get(LARGE_FILE).unwrap().body.len();
    // More than the system keeps for a client.
    let count = 40_000_000 / size;
    let mut client = portal.open();
    client.send(&get_large_file().repeat(count));
    thread::sleep(millis(2500));
    serves_others(&portal);
    let mut received = Vec::new();
    let _ = client.stream.read_to_end(&mut received);
    assert!(
        received.len() < size * (count - 1),
        "all {} bytes came",
        received.len()
    );
}

#[test]
fn http_2_is_cut_off() {
    let deployment = Deployment::new();
    let portal = deployment.start();
    let mut client = portal.open();
    client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0");
    let mut answer = String::new();
    let _ = client.stream.read_to_string(&mut answer);
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
        "{answer}"
    );
    serves_others(&portal);
}

fn clients_that_sent(text: &str, count: usize, portal: &Running) -> Vec<Client> {
    let mut clients = open_many(portal.address, count);
    for client in &mut clients {
        client.send(text);
    }
    clients
}

/// The smallest room that can be set.
fn sixteen_places() -> Deployment {
    Deployment::new().with("VESTIBULE_MAX_CONNECTIONS", "16")
}

/// How many requests are being worked on.
fn in_flight(portal: &Running) -> usize {
    let metrics = get(portal.private_address, "/metrics").unwrap().body;
    let mut lines = metrics.lines();
    let gauge = lines.find_map(|line| line.strip_prefix("vestibule_http_requests_in_flight "));
    gauge.map_or(0, |gauge| gauge.trim().parse().unwrap())
}

/// What they began is done all the same, and takes their place until then.
#[test]
fn clients_that_hang_up_cannot_have_more_work_done_than_there_are_permits() {
    let deployment = sixteen_places().with("VESTIBULE_HASH_THREADS", "1");
    let portal = deployment.start();
    let body = r#"{"email":"ann@example.org","password":"not the password"}"#;
    let request = format!(
        "POST /api/v1/auth/login HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut most = 0;
    for _ in 0..60 {
        portal.open().send(&request);
        most = most.max(in_flight(&portal));
    }
    assert!((2..=16).contains(&most), "{most} at once");
    wait_until(|| in_flight(&portal) == 0, || "they do not end");
}

#[test]
fn the_connection_that_has_waited_longest_makes_room() {
    let deployment = sixteen_places();
    let portal = deployment.start();
    let mut kept: Vec<Client> = (0..16).map(|_| portal.open()).collect();
    for client in &mut kept {
        assert_eq!(client.get("/health/live").unwrap().status, 200);
        // The server notes that a connection waits a moment after its answer is read here.
        thread::sleep(Duration::from_millis(10));
    }
    // The first one is no longer the one that has waited longest.
    assert_eq!(kept[0].get("/health/live").unwrap().status, 200);
    for _ in 0..50 {
        serves_others(&portal);
    }
    let closed: Vec<bool> = kept.iter().map(Client::is_closed).collect();
    assert!(closed[1] && !closed[0], "{closed:?}");
    let open: Vec<&mut Client> = kept
        .iter_mut()
        .filter(|client| !client.is_closed())
        .collect();
    assert!(open.len() >= 14, "only {} are open", open.len());
    for client in open {
        assert_eq!(client.get("/health/live").unwrap().status, 200);
    }
}

#[test]
fn a_client_that_sends_half_a_head_keeps_nobody_out() {
    let deployment = sixteen_places();
    let portal = deployment.start();
    let mut clients: Vec<Client> = (0..100).map(|_| portal.open()).collect();
    for client in &mut clients {
        // The oldest are gone already.
        let _ = std::io::Write::write_all(&mut client.stream, HALF_A_HEAD.as_bytes());
        serves_others(&portal);
    }
}

/// The address of another site on this machine.
const ELSEWHERE: &str = "127.0.0.2:0";

/// A client at another address is served at once.
#[track_caller]
fn serves_other_sites(portal: &Running) {
    let asked = Instant::now();
    let mut other = Client::open_from(ELSEWHERE, portal.address);
    assert_eq!(other.get("/health/live").unwrap().status, 200);
    assert!(asked.elapsed() < millis(500), "{:?}", asked.elapsed());
}

#[test]
fn one_site_that_keeps_requests_waiting_keeps_nobody_out() {
    let deployment = Deployment::new().with("VESTIBULE_MAX_CONNECTIONS", "64");
    let portal = deployment.start();
    let _slow = clients_that_sent(LOGIN, 64, &portal);
    serves_other_sites(&portal);
    // Nor others at the same address.
    for _ in 0..10 {
        serves_others(&portal);
        serves_other_sites(&portal);
    }
}

#[test]
fn a_site_has_no_more_than_its_part_of_requests_under_way() {
    let deployment = Deployment::new().with("VESTIBULE_MAX_CONNECTIONS", "64");
    let portal = deployment.start();
    let mut slow: Vec<Client> = (0..32).map(|_| portal.open()).collect();
    let mut most = 0;
    for client in &mut slow {
        client.send(LOGIN);
        most = most.max(in_flight(&portal));
    }
    assert!((2..=8).contains(&most), "{most} at once");
}

/// It brings the requests of many, so it has no part of its own.
#[test]
fn behind_a_trusted_proxy_the_slowest_makes_room() {
    let deployment = sixteen_places().with("VESTIBULE_TRUSTED_PROXIES", "127.0.0.0/8");
    let portal = deployment.start();
    let slow = clients_that_sent(LOGIN, 16, &portal);
    thread::sleep(millis(200));
    assert!(
        in_flight(&portal) > 2,
        "a proxy has more than the part of a site"
    );
    for _ in 0..5 {
        serves_others(&portal);
    }
    let closed = slow.iter().filter(|client| client.is_closed()).count();
    assert!((1..8).contains(&closed), "{closed} were cut off");
}

/// The files of the pages, which no limit counts.
#[test]
fn slow_readers_of_large_files_keep_nobody_out() {
    for proxies in ["", "127.0.0.0/8"] {
        let deployment = sixteen_places().with("VESTIBULE_TRUSTED_PROXIES", proxies);
        let portal = deployment.start();
        // More than the system keeps for a client.
        let _slow = clients_that_sent(&get_large_file().repeat(20), 16, &portal);
        // Until the system takes no more of them, a busy machine
        // has work for seconds; they would stay for thirty.
        for _ in 0..5 {
            serves_others_within(&portal, millis(10_000));
        }
    }
}

#[test]
fn the_other_port_has_room_of_its_own() {
    let deployment = sixteen_places();
    let portal = deployment.start();
    let _slow = clients_that_sent(LOGIN, 16, &portal);
    let answer = get(portal.private_address, "/health/live").unwrap();
    assert_eq!(answer.status, 200);
}

const CROWD: usize = 10_000;

/// Whether this process, and so the portal that it starts, may open enough files.
fn may_open(files: u64) -> bool {
    let limit = getrlimit(Resource::Nofile);
    let enough = limit.maximum.is_none_or(|maximum| maximum >= files);
    if enough && limit.current.is_some_and(|current| current < files) {
        let raised = Rlimit {
            current: Some(files),
            ..limit
        };
        setrlimit(Resource::Nofile, raised).unwrap();
    }
    enough
}

#[test]
fn ten_thousand_idle_connections_do_not_starve_the_active_ones() {
    if !may_open(CROWD as u64 + 500) {
        eprintln!("skipped: the hard limit of open files is below {CROWD}");
        return;
    }
    let deployment = Deployment::new().with("VESTIBULE_HEADER_TIMEOUT_SECONDS", "60");
    // It has the usual soft limit, and raises it by itself.
    let mut shell = deployment.in_shell("ulimit -Sn 1024");
    let portal = deployment.start_by(&mut shell);
    let idle = open_many(portal.address, CROWD);
    let mut slowest = Duration::ZERO;
    let mut active = portal.open();
    for _ in 0..100 {
        let asked = Instant::now();
        serves_others(&portal);
        assert_eq!(active.get("/login").unwrap().status, 200);
        slowest = slowest.max(asked.elapsed());
    }
    assert!(slowest < millis(1000), "{slowest:?}");
    assert!(
        idle.iter().all(|client| !client.is_closed()),
        "there was room for all"
    );
    drop(idle);
    assert_eq!(portal.terminate(), Some(0));
}

fn open_many(address: SocketAddr, count: usize) -> Vec<Client> {
    (0..count).map(|_| Client::open(address)).collect()
}

/// With fewer files than connections they make room or wait, and the portal neither dies nor spins.
#[test]
fn out_of_file_descriptors_it_lives_on() {
    let deployment = Deployment::new().with("VESTIBULE_LOG", "warn");
    let mut shell = deployment.in_shell("ulimit -n 32");
    let portal = deployment.start_by(shell.stderr(Stdio::piped()));
    let crowd = open_many(portal.address, 100);
    assert_eq!(
        portal.get("/health/live").unwrap().status,
        200,
        "after all of them"
    );
    for _ in 0..3 {
        serves_others(&portal);
    }
    let before = cpu_time(portal.child.id());
    thread::sleep(millis(1000));
    let spent = cpu_time(portal.child.id()).saturating_sub(before);
    assert!(spent < millis(300), "it spins: {spent:?}");
    drop(crowd);
    serves_others(&portal);
    let lines = portal.log_to_the_end();
    let logged = |text: &str| lines.lines().filter(|line| line.contains(text)).count();
    assert_eq!(logged("VESTIBULE_MAX_CONNECTIONS"), 1, "{lines}");
    assert_eq!(logged("cannot be accepted"), 1, "once a minute: {lines}");
}
