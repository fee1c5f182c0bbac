//! Two replicas on one Redis are one portal.

use std::time::{Duration, Instant};

use vestibule_core::ports::PrincipalCache as _;
use vestibule_testkit::contract::principals::{is_hit, miss, read};
use vestibule_testkit::{builders, or_skip, redis_prefix};

use crate::server::RedisServer;
use crate::support::{Replica, charge, fresh_id, within};

/// Well below the life of a snapshot.
const AT_ONCE: Duration = Duration::from_millis(400);

async fn both_listen(server: &RedisServer) {
    let listening = async || {
        server.command("INFO clients").contains("pubsub_clients:2")
            || server.command("CLIENT LIST TYPE pubsub").lines().count() == 2
    };
    assert!(within(Duration::from_secs(3), listening).await);
}

#[tokio::test]
async fn a_user_forgotten_on_one_replica_is_forgotten_on_the_other_at_once() {
    let server = or_skip!(RedisServer::start());
    let [one, two] = Replica::two(&server.url(), &redis_prefix());
    both_listen(&server).await;
    for _ in 0..3 {
        let (user, session, other) = (fresh_id(), fresh_id(), fresh_id());
        read(&*one.principals, user, session).await;
        read(&*two.principals, other, session).await;
        assert!(is_hit(&*two.principals, user, session).await, "shared");
        one.principals.forget(user).await;
        let is_gone = async || !is_hit(&*two.principals, user, session).await;
        assert!(within(AT_ONCE, is_gone).await);
        assert!(is_hit(&*two.principals, other, session).await);
    }
}

#[tokio::test]
async fn a_message_that_is_lost_is_made_up_for_within_a_second() {
    let server = or_skip!(RedisServer::start());
    let [one, two] = Replica::two(&server.url(), &redis_prefix());
    both_listen(&server).await;
    let (user, session) = (fresh_id(), fresh_id());
    read(&*one.principals, user, session).await;
    assert!(is_hit(&*two.principals, user, session).await);
    server.command("CLIENT KILL TYPE pubsub");
    let start = Instant::now();
    one.principals.forget(user).await;
    let is_gone = async || !is_hit(&*two.principals, user, session).await;
    assert!(within(Duration::from_secs(2), is_gone).await);
    assert!(
        start.elapsed() < Duration::from_millis(1100),
        "{:?}",
        start.elapsed()
    );
    both_listen(&server).await;
}

#[tokio::test]
async fn what_one_read_before_the_other_forgot_is_kept_nowhere() {
    let server = or_skip!(RedisServer::start());
    let [one, two] = [1, 2].map(|seed| Replica::deaf(&server.url(), "v", seed));
    let (user, session) = (fresh_id(), fresh_id());
    let ticket = miss(&*two.principals, user, session).await;
    one.principals.forget(user).await;
    let stale = builders::principal(user, session);
    two.principals.put(&stale, ticket).await;
    for replica in [&one, &two] {
        miss(&*replica.principals, user, session).await;
    }
}

#[tokio::test]
async fn a_new_listener_believes_nothing_from_before() {
    let server = or_skip!(RedisServer::start());
    let [one, mut two] = [1, 2].map(|seed| Replica::deaf(&server.url(), "v", seed));
    let (user, session) = (fresh_id(), fresh_id());
    read(&*two.principals, user, session).await;
    one.principals.forget(user).await;
    assert!(is_hit(&*two.principals, user, session).await, "untold");
    two.listen();
    let is_gone = async || !is_hit(&*two.principals, user, session).await;
    assert!(within(AT_ONCE, is_gone).await);
}

#[tokio::test]
async fn limits_are_kept_together_and_deployments_apart() {
    let server = or_skip!(RedisServer::start());
    let [one, two] = Replica::two(&server.url(), "here");
    let elsewhere = Replica::deaf(&server.url(), "elsewhere", 3);
    let charge = charge("a", 5);
    assert!(two.takes(&charge).await);
    assert_eq!(one.passes(&charge).await, 4);
    assert_eq!(two.passes(&charge).await, 0);
    assert_eq!(elsewhere.passes(&charge).await, 5);
}

#[tokio::test]
async fn listening_ends_when_it_is_cancelled() {
    let server = or_skip!(RedisServer::start());
    let replicas = Replica::two(&server.url(), &redis_prefix());
    both_listen(&server).await;
    drop(replicas);
    let is_over = async || server.command("CLIENT LIST TYPE pubsub").is_empty();
    assert!(within(Duration::from_secs(1), is_over).await);
}
