//! The keys that sign access tokens.

use time::{Duration, OffsetDateTime};
use vestibule_core::model::{KeyKind, SigningKey};
use vestibule_core::ports::Expired;

use super::{Contract, in_parallel};
use crate::builders;

/// Inserts a key of this name that signs from `active_at` on.
async fn insert(
    cx: &Contract,
    kid: &str,
    active_at: OffsetDateTime,
    latest: Option<OffsetDateTime>,
) -> bool {
    let key = SigningKey {
        active_at,
        ..builders::signing_key(kid, cx.now())
    };
    let mut store = cx.writer().await;
    ok!(store.insert_signing_key(&key, latest))
}

async fn published(cx: &Contract) -> Vec<String> {
    published_of(cx, KeyKind::PORTAL).await
}

async fn published_of(cx: &Contract, kind: KeyKind) -> Vec<String> {
    let mut store = cx.writer().await;
    let keys = ok!(store.signing_keys(kind, cx.now()));
    keys.into_iter().map(|key| key.kid).collect()
}

async fn retire_others(cx: &Contract, kid: &str, end: OffsetDateTime) -> u64 {
    let mut store = cx.writer().await;
    ok!(store.retire_other_signing_keys(KeyKind::PORTAL, kid, end))
}

pub async fn of_parallel_first_signing_keys_one_is_kept(cx: Contract) {
    let inserted = in_parallel(10, |number| {
        let cx = cx.clone();
        let first = Some(OffsetDateTime::UNIX_EPOCH);
        async move { insert(&cx, &format!("key {number}"), cx.now(), first).await }
    })
    .await;
    assert_eq!(inserted.iter().filter(|inserted| **inserted).count(), 1);
    let winner = inserted.iter().position(|inserted| *inserted).unwrap();
    assert_eq!(published(&cx).await, [format!("key {winner}")]);
}

pub async fn of_parallel_next_signing_keys_one_is_kept(cx: Contract) {
    assert!(insert(&cx, "first", cx.now(), None).await);
    let inserted = in_parallel(10, |number| {
        let cx = cx.clone();
        async move {
            let active_at = cx.now() + Duration::minutes(10);
            insert(&cx, &format!("next {number}"), active_at, Some(cx.now())).await
        }
    })
    .await;
    assert_eq!(inserted.iter().filter(|inserted| **inserted).count(), 1);
    let winner = inserted.iter().position(|inserted| *inserted).unwrap();
    assert_eq!(
        published(&cx).await,
        ["first".to_owned(), format!("next {winner}")]
    );
    // The next one comes after it has begun to sign, or where nothing is asked.
    let later = cx.now() + Duration::minutes(20);
    assert!(!insert(&cx, "early", later, Some(cx.now())).await);
    assert!(insert(&cx, "forced", later, None).await);
    cx.advance(Duration::minutes(20));
    assert!(insert(&cx, "third", cx.now(), Some(cx.now())).await);
}

pub async fn signing_keys_are_listed_while_published(cx: Contract) {
    let key = SigningKey {
        active_at: cx.now() + Duration::minutes(10),
        expires_at: Some(cx.now() + Duration::hours(1)),
        ..builders::signing_key("first", cx.now())
    };
    let mut store = cx.writer().await;
    assert!(ok!(store.insert_signing_key(&key, None)));
    let listed = ok!(store.signing_keys(KeyKind::PORTAL, cx.now()));
    let [listed] = &listed[..] else {
        panic!("{} keys", listed.len())
    };
    assert_eq!(
        (listed.kind, listed.sealed_private_key.as_str()),
        (KeyKind::PORTAL, "sealed")
    );
    assert_eq!(
        (listed.created_at, listed.active_at, listed.expires_at),
        (key.created_at, key.active_at, key.expires_at)
    );
    drop(store);
    cx.advance(Duration::hours(1));
    assert!(published(&cx).await.is_empty());
    // One that is gone keeps no other one from being the first.
    let first = Some(OffsetDateTime::UNIX_EPOCH);
    assert!(insert(&cx, "second", cx.now(), first).await);
    assert!(!insert(&cx, "third", cx.now(), first).await);
    assert_eq!(published(&cx).await, ["second"]);
}

pub async fn signing_keys_end_when_others_take_their_place(cx: Contract) {
    for kid in ["one", "two", "three"] {
        assert!(insert(&cx, kid, cx.now(), None).await);
    }
    let soon = cx.now() + Duration::minutes(5);
    assert_eq!(retire_others(&cx, "three", soon).await, 2);
    // Nothing ends later than it did before.
    assert_eq!(
        retire_others(&cx, "three", soon + Duration::hours(1)).await,
        0
    );
    cx.advance(Duration::minutes(5));
    assert_eq!(published(&cx).await, ["three"]);

    let delete = async |before| {
        let mut store = cx.writer().await;
        ok!(store.delete_expired(Expired::SigningKeys(KeyKind::PORTAL), before, 1))
    };
    assert_eq!(delete(soon).await, 0);
    for left in [2, 1, 1] {
        delete(soon + Duration::MICROSECOND).await;
        assert_eq!(cx.database.count("from signing_keys").await, left);
    }
    assert_eq!(published(&cx).await, ["three"]);
    assert!(insert(&cx, "four", cx.now(), None).await);
}

/// A key of another set, or for another algorithm, is as if it were alone.
pub async fn keys_of_one_kind_leave_those_of_others_alone(cx: Contract) {
    let others = [
        KeyKind {
            set: "oauth",
            ..KeyKind::PORTAL
        },
        KeyKind {
            algorithm: "ES256",
            ..KeyKind::PORTAL
        },
    ];
    let name = |kind: KeyKind| format!("{} {}", kind.set, kind.algorithm);
    let first = Some(OffsetDateTime::UNIX_EPOCH);
    assert!(insert(&cx, "portal", cx.now(), first).await);
    for kind in others {
        let key = SigningKey {
            kind,
            ..builders::signing_key(&name(kind), cx.now())
        };
        let mut store = cx.writer().await;
        assert!(ok!(store.insert_signing_key(&key, first)));
    }
    assert_eq!(
        cx.database
            .count("from signing_keys where generation = 1")
            .await,
        3
    );
    let soon = cx.now() + Duration::minutes(5);
    assert_eq!(retire_others(&cx, "none", soon).await, 1);
    cx.advance(Duration::days(1));
    assert!(published(&cx).await.is_empty());
    for kind in others {
        assert_eq!(published_of(&cx, kind).await, [name(kind)]);
        let mut store = cx.writer().await;
        let ended = store.retire_other_signing_keys(kind, "none", soon).await;
        assert_eq!(ended.unwrap(), 1);
    }
    let mut store = cx.writer().await;
    let expired = Expired::SigningKeys(KeyKind::PORTAL);
    assert_eq!(ok!(store.delete_expired(expired, cx.now(), 9)), 1);
    assert_eq!(cx.database.count("from signing_keys").await, 2);
}
