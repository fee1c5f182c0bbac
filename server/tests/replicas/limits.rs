//! Whether the limits are those of all replicas together, as they are unless Redis is away.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::fleet::{Fleet, RECOVERY_TIME};
use crate::http::{Connection, Request};

/// As docs/SECURITY.md has it.
const ACCOUNT_BURST: usize = 10;

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
