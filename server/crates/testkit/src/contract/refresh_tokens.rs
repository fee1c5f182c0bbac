use std::collections::HashSet;

use time::Duration;
use uuid::Uuid;
use vestibule_core::model::RefreshRotation;

use super::{ACCOUNT_GONE, Contract, SESSION_ENDED, in_parallel, meanwhile};

const GRACE: Duration = Duration::seconds(30);
const LIFE: Duration = Duration::days(7);

/// Presents a token; the nonce names the fresh successor, whose hash is "after " and the nonce.
fn rotation(cx: &Contract, family: Uuid, presented: &str, nonce: &str) -> RefreshRotation {
    RefreshRotation {
        family_id: family,
        presented_hash: presented.to_owned(),
        fresh_hash: format!("after {nonce}"),
        fresh_nonce: nonce.to_owned(),
        now: cx.now(),
        grace_since: cx.now() - GRACE,
        expires_at: cx.now() + LIFE,
    }
}

/// The nonce of the live successor.
async fn rotate(cx: &Contract, family: Uuid, presented: &str, nonce: &str) -> Option<String> {
    let rotation = rotation(cx, family, presented, nonce);
    ok!(cx.writer().await.rotate_refresh_token(&rotation)).map(|outcome| outcome.successor_nonce)
}

async fn family_of_new_session(cx: &Contract) -> Uuid {
    let user = cx.user("ann@example.org").await;
    cx.api_session(&user, "A").await.1
}

pub async fn the_current_token_is_replaced_by_its_successor(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    let (session, family) = cx.api_session(&user, "A").await;
    let mut store = cx.writer().await;
    let state = some!(store.refresh_token_state(family));
    assert_eq!((state.user_id, state.session_id), (user.id, session.id));
    assert_eq!(
        (
            state.token_hash.as_str(),
            state.previous_hash,
            state.is_revoked
        ),
        ("A", None, false)
    );
    assert_eq!(state.expires_at, cx.now() + LIFE);

    cx.advance(Duration::minutes(10));
    let outcome = some!(store.rotate_refresh_token(&rotation(&cx, family, "A", "n1")));
    assert_eq!(
        (outcome.principal.session, outcome.successor_nonce.as_str()),
        (session, "n1")
    );
    let state = some!(store.refresh_token_state(family));
    assert_eq!(
        (state.token_hash.as_str(), state.previous_hash.as_deref()),
        ("after n1", Some("A"))
    );
    assert_eq!(state.expires_at, cx.now() + LIFE);
    drop(store);

    assert_eq!(
        rotate(&cx, family, "after n1", "n2").await.as_deref(),
        Some("n2")
    );
    assert_eq!(rotate(&cx, family, "unknown", "n3").await, None);
    assert_eq!(rotate(&cx, cx.id(), "after n2", "n3").await, None);
    none!(cx.writer().await.refresh_token_state(cx.id()));
}

pub async fn a_replay_in_grace_gets_the_same_successor(cx: Contract) {
    let family = family_of_new_session(&cx).await;
    assert_eq!(rotate(&cx, family, "A", "n1").await.as_deref(), Some("n1"));
    cx.advance(GRACE - Duration::MICROSECOND);
    assert_eq!(rotate(&cx, family, "A", "n2").await.as_deref(), Some("n1"));
    // The replay does not begin the grace time anew.
    cx.advance(Duration::MICROSECOND);
    assert_eq!(rotate(&cx, family, "A", "n3").await.as_deref(), Some("n3"));
}

pub async fn a_replay_after_the_grace_time_gets_a_fresh_successor(cx: Contract) {
    let family = family_of_new_session(&cx).await;
    assert_eq!(rotate(&cx, family, "A", "n1").await.as_deref(), Some("n1"));
    cx.advance(Duration::hours(5));
    assert_eq!(rotate(&cx, family, "A", "n2").await.as_deref(), Some("n2"));
    // That of before is void.
    assert_eq!(rotate(&cx, family, "after n1", "n3").await, None);
    // The fresh successor has a grace time of its own.
    cx.advance(GRACE / 2);
    assert_eq!(rotate(&cx, family, "A", "n3").await.as_deref(), Some("n2"));
    assert_eq!(
        rotate(&cx, family, "after n2", "n4").await.as_deref(),
        Some("n4")
    );
}

pub async fn a_token_older_than_the_predecessor_gets_nothing(cx: Contract) {
    let family = family_of_new_session(&cx).await;
    assert_eq!(rotate(&cx, family, "A", "n1").await.as_deref(), Some("n1"));
    assert_eq!(
        rotate(&cx, family, "after n1", "n2").await.as_deref(),
        Some("n2")
    );
    // Even within the grace time: the successor was used, so the holder of A is not its user.
    assert_eq!(rotate(&cx, family, "A", "n3").await, None);
    let state = some!(cx.writer().await.refresh_token_state(family));
    assert_eq!(
        (state.token_hash.as_str(), state.previous_hash.as_deref()),
        ("after n2", Some("after n1"))
    );
}

pub async fn a_family_dies_with_its_life_its_session_and_its_user(cx: Contract) {
    let family = family_of_new_session(&cx).await;
    let of_the_family = [
        SESSION_ENDED,
        (
            "update sessions set expires_at = created_at",
            "update sessions set expires_at = created_at + {days}",
        ),
        (
            "update refresh_tokens set is_revoked = true",
            "update refresh_tokens set is_revoked = false",
        ),
    ];
    for (broken, repaired) in ACCOUNT_GONE.into_iter().chain(of_the_family) {
        let days = if cx.database.is_postgres() {
            "interval '30 days'"
        } else {
            "2592000000000"
        };
        cx.database.execute(broken).await;
        assert_eq!(rotate(&cx, family, "A", "n1").await, None, "{broken}");
        cx.database.execute(&repaired.replace("{days}", days)).await;
    }
    cx.advance(LIFE);
    assert_eq!(rotate(&cx, family, "A", "n1").await, None);
    cx.advance(-Duration::MICROSECOND);
    assert_eq!(rotate(&cx, family, "A", "n1").await.as_deref(), Some("n1"));
}

pub async fn the_grace_time_does_not_extend_the_life(cx: Contract) {
    let family = family_of_new_session(&cx).await;
    assert_eq!(rotate(&cx, family, "A", "n1").await.as_deref(), Some("n1"));
    let expires_at = cx.now() + LIFE;
    cx.advance(GRACE / 2);
    assert_eq!(rotate(&cx, family, "A", "n2").await.as_deref(), Some("n1"));
    let state = some!(cx.writer().await.refresh_token_state(family));
    assert_eq!(state.expires_at, expires_at);
}

pub async fn parallel_rotations_of_one_token_agree_on_one_successor(cx: Contract) {
    let family = family_of_new_session(&cx).await;
    let nonces = in_parallel(50, |number| {
        let cx = cx.clone();
        async move {
            let rotation = rotation(&cx, family, "A", &format!("n{number}"));
            let outcome = cx.writer().await.rotate_refresh_token(&rotation).await;
            outcome.unwrap().unwrap().successor_nonce
        }
    })
    .await;
    assert_eq!(nonces.iter().collect::<HashSet<_>>().len(), 1, "{nonces:?}");
    let state = some!(cx.writer().await.refresh_token_state(family));
    assert_eq!(
        (state.token_hash, state.previous_hash.as_deref()),
        (format!("after {}", nonces[0]), Some("A"))
    );
}

pub async fn parallel_rotations_and_an_end_leave_no_live_family(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    let (session, family) = cx.api_session(&user, "A").await;
    in_parallel(20, |number| {
        let cx = cx.clone();
        async move {
            let mut tx = cx.begin().await;
            if number % 5 == 2 {
                ok!(tx.end_session(user.id, session.id, cx.now()));
            } else if number % 5 == 4 {
                ok!(tx.end_sessions(user.id, None, cx.now()));
            } else {
                let rotation = rotation(&cx, family, "A", &format!("n{number}"));
                if ok!(tx.rotate_refresh_token(&rotation)).is_none() {
                    return;
                }
            }
            ok!(tx.commit());
        }
    })
    .await;
    let state = some!(cx.writer().await.refresh_token_state(family));
    assert!(state.is_revoked);
    for token in ["A", state.token_hash.as_str()] {
        assert_eq!(rotate(&cx, family, token, "late").await, None);
    }
}

pub async fn a_rotation_and_an_end_do_not_wait_in_a_circle(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    let (session, family) = cx.api_session(&user, "A").await;
    let mut refresh = cx.begin().await;
    some!(refresh.rotate_refresh_token(&rotation(&cx, family, "A", "n1")));
    let ending = meanwhile({
        let cx = cx.clone();
        async move {
            let mut tx = cx.begin().await;
            let ended = ok!(tx.end_session(user.id, session.id, cx.now()));
            ok!(tx.commit());
            ended
        }
    })
    .await;
    ok!(refresh.commit());
    assert!(ok!(ending));
    assert_eq!(rotate(&cx, family, "after n1", "n2").await, None);
}
