//! Limits are those of all replicas together, and nobody
//! gets around them by naming another address.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::fleet::{Doors, Fleet, RECOVERY_TIME};
use crate::http::{Connection, Request};

/// As docs/SECURITY.md has them.
const NETWORK_BURST: usize = 50;
const NETWORK_PERIOD: Duration = Duration::from_secs(10);
const ACCOUNT_BURST: usize = 10;
const TRIES: usize = 100;

/// Headers that name another client, each on its line, with `{}` for a number.
const CLAIMS: [&str; 10] = [
    "x-forwarded-for: 203.0.113.{}",
    "X-Forwarded-For: 198.51.100.{}, 127.0.0.1",
    "x-forwarded-for: 203.0.113.{}\nx-forwarded-for: 127.0.0.1",
    "x-forwarded-for: [2001:db8::{}]:443\nx-forwarded-for: \"203.0.113.{}\"",
    "x-forwarded-for: ::ffff:203.0.113.{}\nx-forwarded-for: unknown",
    "forwarded: for=203.0.113.{}",
    "Forwarded: for=\"[2001:db8:{}::1]\";proto=https, for=127.0.0.1",
    "x-real-ip: 203.0.113.{}\nx-client-ip: 203.0.113.{}\ntrue-client-ip: 203.0.113.{}",
    "x-forwarded: for=203.0.113.{}\ncf-connecting-ip: 203.0.113.{}\nvia: 1.1 10.0.0.{}",
    "x_forwarded_for: 203.0.113.{}\nx-forwarded-host: 203.0.113.{}\nclient-ip: 203.0.113.{}",
];

/// A way to the portal, from an address that is no trusted proxy or says for whom it asks.
struct Way {
    connection: Connection,
    /// What a proxy adds at the end.
    behind: Option<&'static str>,
}

impl Way {
    fn from(to: SocketAddr, last: u8) -> Self {
        Self {
            connection: Connection::to(to).from([127, 0, 0, last]),
            behind: None,
        }
    }

    /// By a trusted proxy that lets every header of the client's through.
    fn through(to: SocketAddr, client: &'static str) -> Self {
        Self {
            connection: Connection::to(to),
            behind: Some(client),
        }
    }
}

pub fn run() {
    let fleet = Fleet::start(Doors::Replicas, &[]);
    let [one, two] = [0, 1].map(|number: usize| fleet.replicas[number].address);
    let proxy = fleet.proxy.address();
    let networks: [(&str, Vec<Way>); 4] = [
        (
            "straight to both replicas",
            vec![Way::from(one, 2), Way::from(two, 2)],
        ),
        (
            "through the proxy",
            vec![Way::from(proxy, 3), Way::from(proxy, 3)],
        ),
        (
            "by all three ways",
            vec![Way::from(one, 4), Way::from(proxy, 4), Way::from(two, 4)],
        ),
        (
            "through a lax proxy",
            vec![
                Way::through(one, "127.0.0.5"),
                Way::through(two, "127.0.0.5"),
            ],
        ),
    ];
    for (how, mut ways) in networks {
        let claims = |number: usize| CLAIMS[number % CLAIMS.len()];
        let (tried, took) = fleet.runtime.block_on(guess(&mut ways, &claims, |number| {
            format!("client-{number}@example.org")
        }));
        judge(how, &tried, NETWORK_BURST, took, NETWORK_PERIOD);
    }
    guess_passwords_of_one_account(&fleet, [one, two]);
    fleet.verify();
}

/// From fifty networks.
fn guess_passwords_of_one_account(fleet: &Fleet, [one, two]: [SocketAddr; 2]) {
    let register = json!({ "email": "ann@example.org", "password": "violet harbour quartz 42" });
    let mut at_home = Connection::to(two);
    let register = Request::post("/register", &register);
    let answer = fleet.runtime.block_on(at_home.ask(&register)).unwrap();
    assert_eq!(answer.status, 201);
    let mut ways: Vec<Way> = (10..60)
        .map(|last| Way::from(if last % 2 == 0 { one } else { two }, last))
        .collect();
    let (tried, took) = fleet
        .runtime
        .block_on(guess(&mut ways, &|_| "", |_| "ann@example.org".to_owned()));
    let period = Duration::from_mins(1);
    judge("for one account", &tried, ACCOUNT_BURST, took, period);
    let me = Request::get("/me").bearer(&answer.text("access_token"));
    let answer = fleet.runtime.block_on(at_home.ask(&me)).unwrap();
    assert_eq!(answer.status, 200, "who is in stays in");
}

/// Waits until all replicas count together again, and says how long that took.
pub fn wait_until_shared(fleet: &Fleet, since: Instant) -> Duration {
    while !fleet.runtime.block_on(is_shared(fleet)) {
        assert!(
            since.elapsed() < RECOVERY_TIME,
            "replicas still count alone after {RECOVERY_TIME:?}"
        );
    }
    since.elapsed()
}

/// Whether one replica lets in the whole burst and no other one anything more. A replica that
/// counts alone lets in a quarter of it (two of ten), and four times as slowly what comes after.
async fn is_shared(fleet: &Fleet) -> bool {
    static ROUND: AtomicUsize = AtomicUsize::new(0);
    let round = ROUND.fetch_add(1, Ordering::Relaxed);
    let email = format!("nobody-{round}@example.org");
    let body = json!({ "email": email, "password": "copper lantern meadow 97" });
    let client = format!("10.251.{}.{}", round / 250, 1 + round % 250);
    let request = Request::post("/login", &body).header("x-forwarded-for", &client);
    let mut replicas = fleet.replicas.iter().cycle().skip(round);
    let burst = replicas.next().into_iter().cycle().take(ACCOUNT_BURST);
    let let_in = burst.map(|replica| (replica, 401));
    let refused = replicas.take(fleet.replicas.len() - 1).map(|it| (it, 429));
    for (replica, expected) in let_in.collect::<Vec<_>>().into_iter().chain(refused) {
        let answer = Connection::to(replica.address).ask(&request).await.unwrap();
        if answer.status != expected {
            return false;
        }
    }
    true
}

/// A hundred wrong passwords, four at a time, each by the next way; the statuses of the answers.
async fn guess(
    ways: &mut [Way],
    claims: &dyn Fn(usize) -> &'static str,
    email: impl Fn(usize) -> String,
) -> (Vec<u16>, Duration) {
    let started = Instant::now();
    let mut statuses = Vec::new();
    let mut number = 0;
    while number < TRIES {
        let mut together = tokio::task::JoinSet::new();
        for way in ways.iter().cycle().skip(number % ways.len()).take(4) {
            let body = json!({ "email": email(number), "password": "copper lantern meadow 97" });
            let mut request = Request::post("/login", &body);
            for claim in claims(number).replace("{}", &number.to_string()).lines() {
                let (name, value) = claim.split_once(": ").unwrap();
                request = request.header(name, value);
            }
            if let Some(client) = way.behind {
                request = request.header("x-forwarded-for", client);
            }
            let mut connection = way.connection.another();
            together.spawn(async move { connection.ask(&request).await.unwrap() });
            number += 1;
        }
        while let Some(answer) = together.join_next().await {
            let answer = answer.unwrap();
            let code = answer.text("code");
            match (answer.status, code.as_str()) {
                (401, "invalid_credentials") => {}
                (429, "rate_limited") => assert!(answer.retry_after().unwrap() > 0),
                other => panic!("{other:?}"),
            }
            statuses.push(answer.status);
        }
    }
    (statuses, started.elapsed())
}

/// The burst, and what came back while it went on.
fn judge(how: &str, tried: &[u16], burst: usize, took: Duration, period: Duration) {
    let let_in = tried.iter().filter(|status| **status == 401).count();
    println!(
        "{let_in} of {} wrong passwords were looked at {how} (limit {burst})",
        tried.len()
    );
    let more = usize::try_from(took.as_millis() / period.as_millis()).unwrap() + 1;
    assert!(
        (burst..=burst + more).contains(&let_in),
        "{let_in} of {} were let in {how}, in {took:?}",
        tried.len()
    );
}
