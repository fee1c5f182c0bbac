//! A Redis that is away, slow, full, read-only, locked or mad: every call answers in time, limits
//! are stricter, a user who was forgotten stays forgotten, and it is
//! used again by itself. What becomes of counts is in `losses`.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use uuid::Uuid;
use vestibule_core::ports::{Lookup, PrincipalCache as _};
use vestibule_testkit::contract::principals::{is_hit, miss, read};
use vestibule_testkit::{builders, or_skip};

use crate::server::RedisServer;
use crate::support::{CapturedLog, Replica, charge, fresh_id, within};

/// The deadline is 300 ms; the rest is for a busy machine.
const LONGEST: Duration = Duration::from_secs(1);
/// More than a call that is answered without asking takes.
const SLOW: Duration = Duration::from_millis(150);
const OUTAGE: Duration = Duration::from_millis(2500);

/// Two replicas through an outage and out of it.
struct Outage {
    replicas: [Replica; 2],
    log: CapturedLog,
}

impl Outage {
    fn over(url: &str) -> Self {
        Self {
            log: CapturedLog::start(),
            replicas: Replica::two(url, "v"),
        }
    }

    /// What both have before: a snapshot, and some of a quota.
    async fn begin(&self, user: Uuid, session: Uuid) {
        let [one, two] = &self.replicas;
        assert!(self.is_used().await);
        read(&*one.principals, user, session).await;
        assert!(is_hit(&*two.principals, user, session).await);
    }

    /// From the moment at which Redis is of no use.
    async fn last(&self, user: Uuid, session: Uuid) {
        let [one, two] = &self.replicas;
        let (timer, start) = (Timer::default(), Instant::now());
        // The session ends on one replica, and the other cannot learn of it.
        timer.time(one.principals.forget(user)).await;
        let forgotten = Instant::now();
        let mut passed = [0, 0];
        while start.elapsed() < OUTAGE {
            for (replica, passed) in self.replicas.iter().zip(&mut passed) {
                *passed += usize::from(timer.time(replica.takes(&charge("a", 10))).await);
                let asked = Instant::now();
                let lookup = timer.time(replica.principals.get(user, session)).await;
                let is_late = asked.duration_since(forgotten) > Duration::from_millis(1050);
                match lookup {
                    Lookup::Hit(_) => assert!(!is_late, "served after {:?}", forgotten.elapsed()),
                    // Nobody is signed in again, and the store is asked in vain.
                    Lookup::Miss(_) => {}
                }
                miss(&*replica.principals, fresh_id(), session).await;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(passed, [2, 2], "a quarter of the quota, each");
        timer
            .time(one.limiter.give_back(&[charge("a", 10)], one.clock_now()))
            .await
            .unwrap();
        timer
            .time(one.limiter.reset(&[charge("b", 10)]))
            .await
            .unwrap();
        assert!(!timer.time(two.link.helps()).await, "it takes no write");
        let ticket = miss(&*two.principals, user, session).await;
        let stale = builders::principal(user, session);
        timer.time(two.principals.put(&stale, ticket)).await;
        timer.time(two.principals.forget(user)).await;
        timer.check(start.elapsed());
        assert_eq!(
            self.log.count("ERROR"),
            2,
            "one line each: {}",
            self.log.text()
        );
    }

    /// Used again by both, soon.
    async fn end(&self, user: Uuid, session: Uuid) {
        let start = Instant::now();
        let is_used = within(Duration::from_secs(10), || self.is_used()).await;
        assert!(is_used, "{}", self.log.text());
        assert!(
            start.elapsed() < Duration::from_secs(2),
            "{:?}",
            start.elapsed()
        );
        for replica in &self.replicas {
            assert!(replica.link.helps().await);
            assert!(!is_hit(&*replica.principals, user, session).await);
        }
        assert_eq!(self.log.count("answers again"), 2);
        assert_eq!(self.log.count("ERROR"), 2, "{}", self.log.text());
    }

    /// Whether both share limits and snapshots.
    async fn is_used(&self) -> bool {
        let [one, two] = &self.replicas;
        let (limit, user, session) = (charge(&fresh_id().to_string(), 2), fresh_id(), fresh_id());
        let limits = one.takes(&limit).await && two.takes(&limit).await && !one.takes(&limit).await;
        read(&*one.principals, user, session).await;
        limits && is_hit(&*two.principals, user, session).await
    }
}

/// How long calls took.
#[derive(Default)]
struct Timer(RefCell<Vec<Duration>>);

impl Timer {
    async fn time<T>(&self, call: impl Future<Output = T>) -> T {
        let start = Instant::now();
        let answer = call.await;
        self.0.borrow_mut().push(start.elapsed());
        answer
    }

    /// Three calls of each replica may wait, and then one a second.
    fn check(&self, whole: Duration) {
        let times = self.0.borrow();
        let longest = times.iter().max().unwrap();
        assert!(*longest < LONGEST, "{longest:?}");
        let slow = times.iter().filter(|time| **time > SLOW).count();
        let seconds = usize::try_from(whole.as_secs()).unwrap();
        assert!(
            slow <= 2 * (3 + seconds + 1),
            "{slow} of {} in {whole:?}",
            times.len()
        );
    }
}

/// An outage of a Redis, and the way out of it.
async fn through(fail: impl Fn(&mut RedisServer), heal: impl Fn(&mut RedisServer)) {
    let server = or_skip!(RedisServer::start());
    let url = server.url();
    through_on(server, &url, fail, heal).await;
}

/// The same of this one.
async fn through_on(
    mut server: RedisServer,
    url: &str,
    fail: impl Fn(&mut RedisServer),
    heal: impl Fn(&mut RedisServer),
) {
    let (user, session) = (fresh_id(), fresh_id());
    let outage = Outage::over(url);
    outage.begin(user, session).await;
    fail(&mut server);
    outage.last(user, session).await;
    heal(&mut server);
    outage.end(user, session).await;
}

pub fn ok(answer: &str) {
    assert_eq!(answer, "+OK");
}

#[tokio::test]
async fn not_there_at_the_start() {
    let mut server = or_skip!(RedisServer::start());
    let (user, session) = (fresh_id(), fresh_id());
    server.kill();
    let outage = Outage::over(&server.url());
    outage.last(user, session).await;
    server.start_again();
    outage.end(user, session).await;
}

#[tokio::test]
async fn killed_and_back_empty() {
    through(RedisServer::kill, RedisServer::start_again).await;
}

#[tokio::test]
async fn not_answering() {
    through(RedisServer::freeze, RedisServer::thaw).await;
}

#[tokio::test]
async fn a_read_only_replica_of_a_dead_master() {
    let fail = |server: &mut RedisServer| ok(&server.command("REPLICAOF 127.0.0.1 1"));
    let heal = |server: &mut RedisServer| ok(&server.command("REPLICAOF NO ONE"));
    through(fail, heal).await;
}

#[tokio::test]
async fn full() {
    let fail = |server: &mut RedisServer| ok(&server.command("CONFIG SET maxmemory 1"));
    let heal = |server: &mut RedisServer| ok(&server.command("CONFIG SET maxmemory 0"));
    through(fail, heal).await;
}

#[tokio::test]
async fn a_password_that_the_portal_does_not_have() {
    let fail = |server: &mut RedisServer| {
        ok(&server.command("CONFIG SET requirepass fake-password"));
        server.command_as("fake-password", "CLIENT KILL SKIPME yes");
    };
    let heal = |server: &mut RedisServer| {
        ok(&server.command_as("fake-password", "CONFIG SET requirepass \"\""));
    };
    through(fail, heal).await;
}

#[tokio::test]
async fn a_password_that_has_changed() {
    let server = or_skip!(RedisServer::start());
    ok(&server.command("CONFIG SET requirepass fake-first"));
    let url = format!("redis://:fake-first@{}", server.address());
    let fail = |server: &mut RedisServer| {
        ok(&server.command_as("fake-first", "CONFIG SET requirepass fake-second"));
        server.command_as("fake-second", "CLIENT KILL SKIPME yes");
    };
    let heal = |server: &mut RedisServer| {
        ok(&server.command_as("fake-second", "CONFIG SET requirepass fake-first"));
    };
    through_on(server, &url, fail, heal).await;
}

/// Something else has the port. It has a thread of its own, so
/// that it gives the port up while this one waits for Redis.
async fn in_its_place(answer: &'static [u8]) {
    let impostor = RefCell::new(None);
    let fail = |server: &mut RedisServer| {
        server.kill();
        *impostor.borrow_mut() = Some(answer_everybody(server.address(), answer));
    };
    let heal = |server: &mut RedisServer| {
        let task: Option<JoinHandle<()>> = impostor.borrow_mut().take();
        task.unwrap().abort();
        server.start_again();
    };
    through(fail, heal).await;
}

fn answer_everybody(address: String, answer: &'static [u8]) -> JoinHandle<()> {
    tokio::spawn(async move {
        // The address of a server that was killed is free once its connections are.
        let listener = loop {
            match TcpListener::bind(&address).await {
                Ok(listener) => break listener,
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        };
        let mut open = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(answer).await;
            open.push(stream);
        }
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn nonsense_in_its_place() {
    in_its_place(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n\x00\xff\xfe").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn answers_of_the_wrong_kind_in_its_place() {
    in_its_place(b"+OK\r\n+OK\r\n*2\r\n$-1\r\n:-5\r\n").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn silence_in_its_place() {
    in_its_place(b"").await;
}

#[tokio::test]
async fn plain_text_where_tls_is_asked_for() {
    let server = or_skip!(RedisServer::start());
    let outage = Outage::over(&format!("rediss://{}", server.address()));
    outage.last(fresh_id(), fresh_id()).await;
    assert_eq!(server.command("DBSIZE"), ":0");
}

/// No outage: what is lost is only a cache, and counts that are remembered.
#[tokio::test]
async fn everything_is_deleted() {
    let server = or_skip!(RedisServer::start());
    let log = CapturedLog::start();
    let [one, two] = Replica::two(&server.url(), "v");
    let (user, session) = (fresh_id(), fresh_id());
    let ticket = miss(&*two.principals, user, session).await;
    one.principals.forget(user).await;
    assert_eq!(one.passes(&charge("a", 10)).await, 10);
    for flush in ["FLUSHALL", "SCRIPT FLUSH"] {
        server.command(flush);
        // Not kept, although no trace of the forgetting is left there.
        two.principals
            .put(&builders::principal(user, session), ticket)
            .await;
        miss(&*one.principals, user, session).await;
        server.command(flush);
        read(&*one.principals, user, session).await;
        assert!(is_hit(&*two.principals, user, session).await);
        two.principals.forget(user).await;
    }
    assert_eq!(one.passes(&charge("a", 10)).await, 0);
    assert_eq!(
        two.passes(&charge("a", 10)).await,
        0,
        "it has learned of it"
    );
    assert_eq!(log.count("lost its counts"), 1, "{}", log.text());
    assert_eq!(log.text().lines().count(), 1, "{}", log.text());
}

/// What a caller gave up is done once Redis can.
#[tokio::test]
async fn what_is_done_late_brings_nobody_back() {
    let mut server = or_skip!(RedisServer::start());
    let [one, two] = Replica::two(&server.url(), "v");
    let (user, session) = (fresh_id(), fresh_id());
    for forgotten_meanwhile in [true, false] {
        let ticket = miss(&*one.principals, user, session).await;
        server.freeze();
        let stale = builders::principal(user, session);
        one.principals.put(&stale, ticket).await;
        if forgotten_meanwhile {
            two.principals.forget(user).await;
        } else {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        server.thaw();
        tokio::time::sleep(Duration::from_millis(100)).await;
        miss(&*two.principals, user, session).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
