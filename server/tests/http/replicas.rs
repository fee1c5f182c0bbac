//! Several portals on one PostgreSQL database are one portal.

use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use vestibule_core::{MasterKey, hash_token};
use vestibule_testkit::{TestDatabase, redis_contents, redis_url};

use crate::support::{MASTER_KEY, NEW_PASSWORD, PASSWORD, TestApp};

async fn two_replicas() -> Option<[TestApp; 2]> {
    let Some(database) = TestDatabase::postgres().await else {
        eprintln!("skipped: TEST_POSTGRES_URL is not set");
        return None;
    };
    let database = Arc::new(database);
    Some([
        TestApp::start(database.clone(), |_| {}, 1).await,
        TestApp::start(database, |_| {}, 2).await,
    ])
}

/// An attacker who reads Redis learns no address and no network, not even by trying all there are.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_holds_no_address_and_no_network() {
    let (Some([one, two]), Some(url)) = (two_replicas().await, redis_url()) else {
        return;
    };
    let (ann, nobody) = ("ann@example.org", "nobody@example.org");
    let known = one.user(ann).await;
    for app in [&one, &two] {
        for from in ["203.0.113.77", "2001:db8:77:78::9"] {
            for email in [ann, nobody] {
                expect!(app.login(email, "not the password").from(from) => 401);
                let asked = app.forgot(email);
                asked.from(from).await.expect(200);
            }
            let me = app.me(&known).from(from);
            me.await.expect(200);
        }
    }
    one.read_mails().await;
    let prefix = one.database.url().rsplit('/').next().unwrap();
    let contents = redis_contents(&url, prefix);
    let limits = contents.matches(":limit:").count();
    assert!(limits >= 8, "{limits} in {contents}");
    assert!(contents.contains(":principals:"), "{contents}");
    let subjects = [ann, nobody, "203.0.113.77", "2001:db8:77:78::/64"];
    let parts = ["example.org", "203.0.113", "2001:db8:77:78"];
    for subject in subjects {
        let hash = URL_SAFE_NO_PAD.decode(hash_token(subject)).unwrap();
        let hex = hash
            .iter()
            .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
        let texts = [hash_token(subject), STANDARD_NO_PAD.encode(&hash), hex];
        for text in texts
            .iter()
            .map(String::as_str)
            .chain(parts)
            .chain([subject])
        {
            assert!(!contents.contains(text), "{text} in {contents}");
        }
    }
    // What they are instead is the same on every replica, and no other deployment's.
    let key = MasterKey::parse(MASTER_KEY).unwrap().for_use("limits");
    let network = key.pseudonym("sign_in:network:203.0.113.77");
    assert!(
        contents.contains(&format!("{prefix}:limit:{network}")),
        "{contents}"
    );
}

/// Without Redis with the next request. With it when the message of the other replica has come,
/// which is on its way when that one answers; a snapshot that nobody took back would be good for a
/// second.
async fn at_once(is_so: impl AsyncFn() -> bool) -> bool {
    let start = Instant::now();
    while !is_so().await {
        if start.elapsed() > Duration::from_millis(500) {
            return false;
        }
    }
    true
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_ended_on_one_replica_is_dead_on_the_other_at_once() {
    let Some([one, two]) = two_replicas().await else {
        return;
    };
    let ann = one.user("ann@example.org").await;
    let phone = two.sign_in("ann@example.org").await;
    for app in [&one, &two] {
        assert!(app.accepts(&ann.access_token).await && app.accepts(&phone.access_token).await);
    }
    one.sign_out_all(&ann, true).await.expect(204);
    assert!(at_once(async || !two.accepts(&phone.access_token).await).await);
    expect!(two.change_password(&ann, PASSWORD, NEW_PASSWORD) => 204);
    assert_eq!(one.try_sign_in("ann@example.org", PASSWORD).await, 401);
    expect!(two.post("/logout").bearer(&ann.access_token) => 204);
    assert!(at_once(async || !one.accepts(&ann.access_token).await).await);
    gives!(one.read_mails() => ["password_changed to ann@example.org"]);
    one.finish().await;
    two.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_that_is_deleted_or_moved_on_one_replica_is_so_on_the_other_at_once() {
    let Some([one, two]) = two_replicas().await else {
        return;
    };
    let ann = one.user("ann@example.org").await;
    assert!(two.accepts(&ann.access_token).await);
    let token = one.change_token(&ann, "new@example.org").await;
    one.verify(&token).await.expect(200);
    let is_moved = async || {
        let me = two.me(&ann).await.expect(200);
        me.json()["email"] == "new@example.org"
    };
    assert!(at_once(is_moved).await);
    two.delete_account(&ann).await.expect(202);
    assert!(at_once(async || !one.accepts(&ann.access_token).await).await);
    assert_eq!(one.try_sign_in("new@example.org", PASSWORD).await, 401);
    one.read_mails().await;
    one.finish().await;
    two.finish().await;
}
