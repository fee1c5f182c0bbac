//! More sign-ins at once than the portal can hash: some are let in, the others are turned away at
//! once, and who is signed in does not notice.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use vestibule_daemons::memory_kib;

use crate::fleet::{Doors, Fleet};
use crate::http::{Answer, Connection, Request};
use crate::{Scale, human};

const ACCOUNTS: usize = 50;
const PASSWORD: &str = "violet harbour quartz 42";
/// Looks at `/me` before the storm.
const LOOKS: usize = 300;
/// How much slower `/me` may be in the storm, in the median. The promise is 5;
/// the machine has to carry the crowd as well.
const MAX_RATIO: f64 = 5.0;
/// Memory above that at rest, beside one hash for each thread and the open connections.
const MAX_GROWTH_KIB: u64 = 40 * 1024;
const HASH_KIB: u64 = 19_456;
/// How long 99 of 100 may take to be turned away: the portal and the crowd share a machine.
const MAX_REFUSAL: Duration = Duration::from_secs(2);

pub fn run(scale: Scale) {
    let crowd = match scale {
        Scale::Short => 400,
        Scale::Full => 2000,
    };
    let threads = std::thread::available_parallelism().unwrap().get();
    let threads_text = threads.to_string();
    let settings = [
        ("VESTIBULE_RATE_LIMITS", "off"),
        ("VESTIBULE_HASH_THREADS", threads_text.as_str()),
        // Enough for a time in which something can be measured.
        ("VESTIBULE_HASH_QUEUE", "128"),
    ];
    let mut fleet = Fleet::start(Doors::Replicas, &settings);
    for other in &mut fleet.replicas[1..] {
        other.kill();
    }
    let (address, process) = (fleet.replicas[0].address, fleet.replicas[0].process_id());
    let at_rest = memory_kib(process, "VmRSS").unwrap();
    let mut open = 0;
    let storm = fleet.runtime.block_on(async {
        let token = register_all(address).await;
        let idle = look(address, &token, None).await;
        let before = memory_kib(process, "VmRSS").unwrap();
        let connections = open_all(address, crowd).await;
        open = memory_kib(process, "VmRSS").unwrap().saturating_sub(before);
        let over = CancellationToken::new();
        let looking = {
            let (token, over) = (token.clone(), over.clone());
            tokio::spawn(async move { look(address, &token, Some(over)).await })
        };
        let answers = sign_in_all(connections).await;
        over.cancel();
        Storm {
            idle,
            busy: looking.await.unwrap(),
            answers,
        }
    });
    let peak = memory_kib(process, "VmHWM").unwrap();
    storm.judge(crowd);
    let hashes = threads as u64 * HASH_KIB;
    let growth = peak.saturating_sub(at_rest + hashes + open);
    let [at_rest, peak, hashes, open, more] =
        [at_rest, peak, hashes, open, growth].map(|kib| kib / 1024);
    println!(
        "memory: {at_rest} MiB at rest, {peak} MiB at most: {hashes} MiB for {threads} hashes, {open} MiB for {crowd} connections, {more} MiB more"
    );
    assert!(growth < MAX_GROWTH_KIB, "{growth} KiB");
    fleet.verify();
}

async fn register_all(address: SocketAddr) -> String {
    let mut connection = Connection::to(address);
    let mut token = String::new();
    for number in 0..ACCOUNTS {
        let body = json!({ "email": email(number), "password": PASSWORD });
        let answer = connection
            .ask(&Request::post("/register", &body))
            .await
            .unwrap();
        assert_eq!(answer.status, 201, "{}", answer.body);
        token = answer.text("access_token");
    }
    token
}

fn email(number: usize) -> String {
    format!("user-{}@example.org", number % ACCOUNTS)
}

/// Times of `/me`: so many, or until it is over.
async fn look(address: SocketAddr, token: &str, over: Option<CancellationToken>) -> Vec<Duration> {
    let mut connection = Connection::to(address);
    let request = Request::get("/me").bearer(token);
    let mut times = Vec::new();
    loop {
        let started = Instant::now();
        let answer = connection.ask(&request).await.unwrap();
        times.push(started.elapsed());
        assert_eq!(answer.status, 200, "{}", answer.body);
        let check_ended = match &over {
            Some(over) => over.is_cancelled(),
            None => times.len() == LOOKS,
        };
        if check_ended {
            return times;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

async fn open_all(address: SocketAddr, crowd: usize) -> Vec<Connection> {
    let mut connections = Vec::new();
    for _ in 0..crowd {
        let mut connection = Connection::to(address);
        connection.open().await.unwrap();
        connections.push(connection);
    }
    // Until the last of them is accepted.
    tokio::time::sleep(Duration::from_millis(200)).await;
    connections
}

/// All at once.
async fn sign_in_all(connections: Vec<Connection>) -> Vec<(Answer, Duration)> {
    let start = Arc::new(Barrier::new(connections.len()));
    let mut together = JoinSet::new();
    for (number, mut connection) in connections.into_iter().enumerate() {
        let start = Arc::clone(&start);
        together.spawn(async move {
            let body = json!({ "email": email(number), "password": PASSWORD });
            let request = Request::post("/login", &body);
            start.wait().await;
            let started = Instant::now();
            let answer = connection.ask(&request).await.unwrap();
            (answer, started.elapsed())
        });
    }
    together.join_all().await
}

struct Storm {
    idle: Vec<Duration>,
    busy: Vec<Duration>,
    answers: Vec<(Answer, Duration)>,
}

impl Storm {
    fn judge(mut self, crowd: usize) {
        let times_of = |status: u16, code: &str| -> Vec<Duration> {
            let answers = self.answers.iter();
            let wanted = answers.filter(|(it, _)| it.status == status && it.text("code") == code);
            let mut times: Vec<Duration> = wanted.map(|(_, took)| *took).collect();
            times.sort_unstable();
            times
        };
        let accepted = times_of(200, "");
        let refused = times_of(503, "overloaded");
        // Let in, and then kept waiting too long for something else than its hash.
        let late = times_of(503, "unavailable").len();
        println!(
            "{crowd} sign-ins at once: {} accepted (median {}, last {}), {} turned away (median {}, last {}), {late} too late",
            accepted.len(),
            human(median(&accepted)),
            human(accepted.last().copied().unwrap_or_default()),
            refused.len(),
            human(median(&refused)),
            human(refused.last().copied().unwrap_or_default()),
        );
        assert_eq!(
            accepted.len() + refused.len() + late,
            crowd,
            "the rest is something else"
        );
        assert!(accepted.len() >= 20 && !refused.is_empty());
        assert_eq!(late, 0, "who is let in is served");
        assert!(refused[refused.len() * 99 / 100] < MAX_REFUSAL);
        for (answer, _) in self.answers.iter().filter(|(it, _)| it.status == 503) {
            let seconds = answer.retry_after();
            assert!(
                seconds.is_some_and(|seconds| (1..=10).contains(&seconds)),
                "{seconds:?}"
            );
        }
        self.idle.sort_unstable();
        self.busy.sort_unstable();
        let (idle, busy) = (median(&self.idle), median(&self.busy));
        let slower = busy.as_secs_f64() / idle.as_secs_f64();
        println!(
            "/me took {} at rest and {} in the storm ({slower:.1} times, {} looks)",
            human(idle),
            human(busy),
            self.busy.len(),
        );
        assert!(slower < MAX_RATIO, "/me is {slower:.1} times slower");
    }
}

/// Of times in order.
fn median(times: &[Duration]) -> Duration {
    times.get(times.len() / 2).copied().unwrap_or_default()
}
