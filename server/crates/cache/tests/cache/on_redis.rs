//! What is on Redis, and what is believed of it.

use std::time::Duration;

use uuid::Uuid;
use vestibule_core::ports::{Lookup, PrincipalCache as _};
use vestibule_testkit::contract::principals::{is_hit, miss, read};
use vestibule_testkit::or_skip;

use crate::server::RedisServer;
use crate::support::{CapturedLog, Replica, charge, fresh_id, limit_key};

const ANN: Uuid = Uuid::from_u128(1);
const PHONE: Uuid = Uuid::from_u128(11);
const LAPTOP: Uuid = Uuid::from_u128(12);

fn key(user_id: Uuid) -> String {
    format!("v:principals:{user_id}")
}

fn two(server: &RedisServer) -> [Replica; 2] {
    Replica::two(&server.url(), "v")
}

#[tokio::test]
async fn a_call_is_one_round_trip_and_scripts_come_back_by_themselves() {
    let server = or_skip!(RedisServer::start());
    let log = CapturedLog::start();
    let [one, _] = two(&server);
    for _ in 0..2 {
        assert!(one.takes(&charge("warm", 9)).await);
        read(&*one.principals, fresh_id(), PHONE).await;
        server.command("CONFIG RESETSTAT");
        for _ in 0..5 {
            assert!(one.takes(&charge("a", 20)).await);
            read(&*one.principals, fresh_id(), PHONE).await;
        }
        let commands = server.command("INFO commandstats");
        assert!(commands.contains("cmdstat_evalsha:calls=15,"), "{commands}");
        assert!(!commands.contains("cmdstat_script"), "{commands}");
        server.command("SCRIPT FLUSH");
    }
    assert_eq!(log.text(), "");
}

#[tokio::test]
async fn everything_expires() {
    let server = or_skip!(RedisServer::start());
    let [one, _] = two(&server);
    let mut short = charge("a", 5);
    short.quota.period = Duration::from_millis(100);
    assert!(one.takes(&short).await && one.takes(&short).await);
    read(&*one.principals, ANN, PHONE).await;
    one.principals.forget(fresh_id()).await;
    assert_eq!(server.command("DBSIZE"), ":3");
    tokio::time::sleep(Duration::from_millis(1100)).await;
    // `DBSIZE` counts what has expired until Redis comes by to delete it, which Redis 8 does later.
    // The epoch stays.
    assert_eq!(server.command("KEYS *"), "*1");
    assert_eq!(server.command("TTL v:limits:epoch"), ":-1");
    // And no earlier than the count is full again.
    assert!(one.takes(&charge("b", 5)).await);
    let left: u64 = server.command(&format!("PTTL {}", limit_key("b")))[1..]
        .parse()
        .unwrap();
    assert!((3_590_000..=3_600_000).contains(&left), "{left}");
}

#[tokio::test]
async fn redis_knows_no_names_and_vouches_for_nobody() {
    let server = or_skip!(RedisServer::start());
    let [one, two] = two(&server);
    read(&*one.principals, ANN, PHONE).await;
    let sealed = server.command(&format!("HGET {} {PHONE}", key(ANN)));
    assert!(sealed.len() > 100 && !sealed.contains("ann"), "{sealed}");
    // A snapshot under another session, another user, in another generation.
    server.command(&format!("HSET {} {LAPTOP} {sealed}", key(ANN)));
    miss(&*two.principals, ANN, LAPTOP).await;
    let ben = fresh_id();
    miss(&*one.principals, ben, PHONE).await;
    server.command(&format!("HSET {} {PHONE} {sealed}", key(ben)));
    miss(&*two.principals, ben, PHONE).await;
    one.principals.forget(ANN).await;
    miss(&*one.principals, ANN, PHONE).await;
    server.command(&format!("HSET {} {PHONE} {sealed}", key(ANN)));
    miss(&*two.principals, ANN, PHONE).await;
}

#[tokio::test]
async fn a_clock_of_redis_that_is_set_back_or_stands_still_makes_nothing_older() {
    let server = or_skip!(RedisServer::start());
    let [one, two] = two(&server);
    read(&*one.principals, ANN, PHONE).await;
    // Set back by a minute, expiries are a minute further away.
    server.command(&format!("PEXPIRE {} 61000", key(ANN)));
    miss(&*two.principals, ANN, PHONE).await;
    let left: u64 = server.command(&format!("PTTL {}", key(ANN)))[1..]
        .parse()
        .unwrap();
    assert!(left <= 1000, "{left}");
    // No expiry at all.
    read(&*one.principals, ANN, LAPTOP).await;
    server.command(&format!("PERSIST {}", key(ANN)));
    miss(&*two.principals, ANN, LAPTOP).await;
    // The machine of Redis was paused for an hour, and its clock with it.
    let ben = fresh_id();
    read(&*one.principals, ben, PHONE).await;
    two.clock.advance(time::Duration::hours(1));
    miss(&*two.principals, ben, PHONE).await;
    // The replicas' clocks may differ a little, and not by more.
    for (ahead, is_shared) in [(-0.9, true), (-1.1, false), (1.9, true), (2.1, false)] {
        let [one, two] = self::two(&server);
        let user = fresh_id();
        read(&*one.principals, user, PHONE).await;
        two.clock.advance(time::Duration::seconds_f64(ahead));
        assert_eq!(
            is_hit(&*two.principals, user, PHONE).await,
            is_shared,
            "{ahead}"
        );
    }
}

#[tokio::test]
async fn strange_values_are_nothing_and_are_replaced() {
    let server = or_skip!(RedisServer::start());
    let log = CapturedLog::start();
    let [one, two] = two(&server);
    strange_limits_are_replaced(&server, &one, &two).await;
    strange_snapshots_are_replaced(&server, &one, &two).await;
    assert_eq!(log.text(), "", "none of it is an outage");
}

async fn strange_limits_are_replaced(server: &RedisServer, one: &Replica, two: &Replica) {
    for (number, value) in ["nonsense", "\"\"", "-5", "-1e300", "0x"]
        .iter()
        .enumerate()
    {
        let full = charge(&format!("full{number}"), 5);
        server.command(&format!("SET {} {value}", limit_key(&full.key)));
        assert_eq!(one.passes(&full).await, 5, "{value}");
    }
    for (number, value) in ["inf", "nan", "1e300", "9999999999999999999"]
        .iter()
        .enumerate()
    {
        let empty = charge(&format!("empty{number}"), 5);
        server.command(&format!("SET {} {value}", limit_key(&empty.key)));
        assert_eq!(one.passes(&empty).await, 0, "{value}");
        one.limiter
            .reset(std::slice::from_ref(&empty))
            .await
            .unwrap();
        assert_eq!(two.passes(&empty).await, 5, "{value}");
    }
    let list = limit_key("list");
    for make in ["HSET KEY field value", "RPUSH KEY value"] {
        let make = make.replace("KEY", &list);
        server.command(&format!("DEL {list}"));
        server.command(&make);
        assert_eq!(one.passes(&charge("list", 5)).await, 5, "{make}");
        server.command(&format!("DEL {list}"));
        server.command(&make);
        one.limiter
            .give_back(&[charge("list", 5)], time::OffsetDateTime::UNIX_EPOCH)
            .await
            .unwrap();
        assert_eq!(server.command(&format!("EXISTS {list}")), ":0");
    }
}

async fn strange_snapshots_are_replaced(server: &RedisServer, one: &Replica, two: &Replica) {
    for make in [
        "SET KEY value",
        "RPUSH KEY value",
        "HSET KEY \"\" nonsense",
        "HSET KEY SESSION nonsense",
    ] {
        let (user, session) = (fresh_id(), fresh_id());
        let make = make
            .replace("KEY", &key(user))
            .replace("SESSION", &session.to_string());
        server.command(&make);
        read(&*one.principals, user, session).await;
        assert!(is_hit(&*one.principals, user, session).await, "{make}");
        assert!(is_hit(&*two.principals, user, session).await, "{make}");
    }
    let (user, session) = (fresh_id(), fresh_id());
    let ticket = miss(&*one.principals, user, session).await;
    for sealed in ["\"\"", "{}", "AAAA"] {
        server.command(&format!("HSET {} {session} {sealed}", key(user)));
        miss(&*two.principals, user, session).await;
    }
    // What was begun is of another type when it is put.
    server.command(&format!("SET {} value", key(user)));
    one.principals
        .put(
            &vestibule_testkit::builders::principal(user, session),
            ticket,
        )
        .await;
    miss(&*two.principals, user, session).await;
    assert!(matches!(
        one.principals.get(user, session).await,
        Lookup::Miss(_)
    ));
}

#[tokio::test]
async fn a_strange_epoch_is_replaced_and_loses_nothing() {
    let server = or_skip!(RedisServer::start());
    let log = CapturedLog::start();
    let [one, two] = two(&server);
    assert_eq!(one.passes(&charge("a", 5)).await, 5);
    for make in [
        "SET KEY nonsense",
        "SET KEY \"\"",
        "SET KEY -5",
        "SET KEY 0.5",
        "SET KEY inf",
        "SET KEY nan",
        "SET KEY 1e300",
        "RPUSH KEY value",
        "HSET KEY field value",
    ] {
        server.command("DEL v:limits:epoch");
        server.command(&make.replace("KEY", "v:limits:epoch"));
        assert_eq!(one.passes(&charge("a", 5)).await, 0, "{make}");
        assert_eq!(two.passes(&charge("a", 5)).await, 0, "{make}");
        assert_eq!(server.command("TYPE v:limits:epoch"), "+string");
        let epoch = server.command("GET v:limits:epoch");
        assert!(epoch.parse::<u64>().unwrap() > 5, "{epoch}");
    }
    assert_eq!(log.count("ERROR"), 0, "none of it is an outage");
}
