//! Counts through an outage and a loss: what is left is shared, what replicas remember goes on, and
//! resets and give-backs that Redis missed are done.

use std::time::Duration;

use vestibule_core::ports::Charge;
use vestibule_testkit::or_skip;

use crate::faults::ok;
use crate::server::RedisServer;
use crate::support::{CapturedLog, Replica, charge, fresh_id, within};

/// Four replicas allow together what was left when the outage began, and no more.
async fn what_is_left_is_shared(fail: impl Fn(&mut RedisServer), heal: impl Fn(&mut RedisServer)) {
    let mut server = or_skip!(RedisServer::start());
    let four = [1, 2, 3, 4].map(|seed| Replica::deaf(&server.url(), "v", seed));
    let [one, two, three, last] = &four;
    let [begun, used_up, given_back, reset] =
        ["begun", "used up", "back", "reset"].map(|key| charge(key, 20));
    use_charges(&four, [&begun, &used_up, &given_back, &reset]).await;

    fail(&mut server);
    for replica in &four {
        assert_eq!(
            replica.passes(&begun).await,
            3,
            "a quarter of 12, or a little more"
        );
    }
    for replica in [one, two, three] {
        assert_eq!(replica.passes(&used_up).await, 0);
    }
    assert_eq!(last.passes(&used_up).await, 5, "it has heard nothing");
    assert_eq!(one.passes(&given_back).await, 1);
    assert_eq!(one.passes(&reset).await, 5);
    for replica in &four {
        replica.clock.advance(time::Duration::hours(4));
        assert_eq!(
            replica.passes(&begun).await,
            1,
            "a quarter as many after it"
        );
    }

    heal(&mut server);
    let is_used = async || {
        one.takes(&charge(&fresh_id().to_string(), 1)).await && server.command("DBSIZE") != ":0"
    };
    assert!(within(Duration::from_secs(5), is_used).await);
}

async fn use_charges(four: &[Replica; 4], [begun, used_up, given_back, reset]: [&Charge; 4]) {
    let [one, two, three, _] = four;
    for replica in four.iter().chain(four) {
        assert!(replica.takes(begun).await);
    }
    assert_eq!(one.passes(used_up).await, 20);
    for replica in [two, three] {
        assert!(!replica.takes(used_up).await);
    }
    assert_eq!(one.passes(given_back).await, 20);
    for _ in 0..4 {
        let charges = std::slice::from_ref(given_back);
        one.limiter
            .give_back(charges, one.clock_now())
            .await
            .unwrap();
    }
    assert_eq!(one.passes(reset).await, 20);
    one.limiter
        .reset(std::slice::from_ref(reset))
        .await
        .unwrap();
}

#[tokio::test]
async fn what_is_left_is_shared_when_redis_is_killed() {
    what_is_left_is_shared(RedisServer::kill, RedisServer::start_again).await;
}

#[tokio::test]
async fn what_is_left_is_shared_when_redis_does_not_answer() {
    what_is_left_is_shared(RedisServer::freeze, RedisServer::thaw).await;
}

fn only(charge: &Charge) -> &[Charge] {
    std::slice::from_ref(charge)
}

/// Counts that Redis loses are those that a replica remembers, whichever asks first.
async fn what_replicas_remember_goes_on(lose: impl Fn(&mut RedisServer)) {
    let mut server = or_skip!(RedisServer::start());
    let [one, two] = [1, 2].map(|seed| Replica::deaf(&server.url(), "v", seed));
    let [used_up, begun, reset, given_back, unheard] =
        ["used up", "begun", "reset", "back", "unheard"].map(|key| charge(key, 10));
    for key in [&used_up, &reset, &given_back] {
        assert_eq!(one.passes(key).await, 10);
    }
    for _ in 0..3 {
        assert!(one.takes(&begun).await);
    }
    one.limiter.reset(only(&reset)).await.unwrap();
    for _ in 0..2 {
        let back = one.limiter.give_back(only(&given_back), one.clock_now());
        back.await.unwrap();
    }
    assert_eq!(two.passes(&unheard).await, 10);
    lose(&mut server);
    let helps = async || one.link.helps().await && two.link.helps().await;
    assert!(within(Duration::from_secs(5), helps).await);
    assert_eq!(one.passes(&unheard).await, 10, "it does not know");
    // Refused, and written back all the same.
    assert!(!one.takes(&used_up).await);
    assert_eq!(two.passes(&used_up).await, 0);
    assert_eq!(one.passes(&begun).await, 7);
    assert_eq!(one.passes(&reset).await, 10);
    assert_eq!(one.passes(&given_back).await, 2);
    // A reset is sent once: what others reset stays so.
    two.limiter.reset(only(&used_up)).await.unwrap();
    assert_eq!(one.passes(&used_up).await, 10);
}

#[tokio::test]
async fn what_replicas_remember_goes_on_when_redis_is_flushed() {
    what_replicas_remember_goes_on(|server| ok(&server.command("FLUSHALL"))).await;
}

#[tokio::test]
async fn what_replicas_remember_goes_on_when_redis_comes_back_empty() {
    let lose = |server: &mut RedisServer| {
        server.kill();
        server.start_again();
    };
    what_replicas_remember_goes_on(lose).await;
}

/// Takes no write, and does nothing late.
fn lock(server: &RedisServer) {
    ok(&server.command("REPLICAOF 127.0.0.1 1"));
}

async fn unlock(server: &RedisServer, replicas: &[Replica]) {
    ok(&server.command("REPLICAOF NO ONE"));
    for replica in replicas {
        assert!(within(Duration::from_secs(5), || replica.link.helps()).await);
    }
}

/// Else a Redis that comes and goes would let through a share of the quota each time.
#[tokio::test]
async fn what_is_taken_alone_counts_when_redis_is_back() {
    let server = or_skip!(RedisServer::start());
    let replicas = Replica::two(&server.url(), "v");
    let [one, two] = &replicas;
    let quota = charge("a", 20);
    assert!(one.takes(&quota).await);
    lock(&server);
    assert_eq!(one.passes(&quota).await, 4, "a quarter of 19");
    unlock(&server, &replicas).await;
    assert_eq!(one.passes(&quota).await, 3);
    assert_eq!(two.passes(&quota).await, 0);
}

#[tokio::test]
async fn what_is_given_back_is_what_was_taken() {
    let server = or_skip!(RedisServer::start());
    let replicas = Replica::two(&server.url(), "v");
    let [one, two] = &replicas;
    let [alone, shared] = ["alone", "shared"].map(|key| charge(key, 20));
    for _ in 0..8 {
        assert!(one.takes(&shared).await);
    }
    lock(&server);
    let back = async |charge| {
        let back = one.limiter.give_back(only(charge), one.clock_now());
        back.await.unwrap();
    };
    for _ in 0..4 {
        back(&shared).await;
    }
    assert_eq!(one.passes(&shared).await, 4, "a quarter of 16");
    assert!(one.takes(&alone).await);
    unlock(&server, &replicas).await;
    back(&alone).await;
    assert_eq!(two.passes(&alone).await, 20);
    assert_eq!(one.passes(&alone).await, 0);
}

#[tokio::test]
async fn a_reset_on_one_replica_counts_on_the_other_when_redis_goes_away() {
    let mut server = or_skip!(RedisServer::start());
    let [one, two] = Replica::two(&server.url(), "v");
    let [asked, reset] = ["asked", "reset"].map(|key| charge(key, 20));
    for key in [&asked, &reset] {
        assert_eq!(one.passes(key).await, 20);
        assert!(!two.takes(key).await);
        two.limiter.reset(only(key)).await.unwrap();
    }
    assert!(one.takes(&asked).await);
    one.limiter.reset(only(&reset)).await.unwrap();
    server.kill();
    assert_eq!(one.passes(&asked).await, 4, "a quarter of 19");
    assert_eq!(one.passes(&reset).await, 5);
}

#[tokio::test]
async fn a_reset_that_redis_missed_is_done_once_it_answers() {
    let mut server = or_skip!(RedisServer::start());
    let replicas = Replica::two(&server.url(), "v");
    let [one, two] = &replicas;
    let [owner, other] = ["owner", "other"].map(|key| charge(key, 10));
    for key in [&owner, &other] {
        assert_eq!(two.passes(key).await, 10);
    }
    server.freeze();
    // Until Redis is not asked any more: nothing of the reset is on its way.
    for _ in 0..3 {
        assert!(!one.link.helps().await);
    }
    one.limiter.reset(only(&owner)).await.unwrap();
    server.thaw();
    let fresh = async || {
        // Any call does it.
        one.takes(&charge(&fresh_id().to_string(), 2)).await && one.link.helps().await
    };
    assert!(within(Duration::from_secs(5), fresh).await);
    assert!(one.takes(&charge("any", 10)).await);
    assert_eq!(two.passes(&owner).await, 10);
    assert_eq!(one.passes(&owner).await, 0, "it is done once");
    assert_eq!(one.passes(&other).await, 0);
}

/// What a full Redis drops is lost without a sign, so its
/// policy is reported as soon as it is connected to.
#[tokio::test]
async fn a_redis_that_may_drop_counts_is_reported_with_the_remedy() {
    for (policy, is_reported) in [
        ("allkeys-lru", true),
        ("volatile-ttl", true),
        ("noeviction", false),
    ] {
        let server = or_skip!(RedisServer::start());
        ok(&server.command("CONFIG SET maxmemory 100mb"));
        ok(&server.command(&format!("CONFIG SET maxmemory-policy {policy}")));
        let log = CapturedLog::start();
        let replica = Replica::deaf(&server.url(), "eviction", 1);
        assert!(replica.takes(&charge("a", 20)).await);
        let remedy = "set its maxmemory-policy to noeviction";
        let reported = || std::future::ready(log.count(remedy) == 1);
        let limit = Duration::from_millis(if is_reported { 5000 } else { 300 });
        assert_eq!(
            within(limit, reported).await,
            is_reported,
            "{policy}: {}",
            log.text()
        );
    }
}
