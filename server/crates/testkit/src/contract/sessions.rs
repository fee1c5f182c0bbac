use time::{Duration, OffsetDateTime};
use uuid::Uuid;
use vestibule_core::model::{SessionKind, User};
use vestibule_core::ports::Repository;

use super::{Contract, in_parallel, meanwhile};
use crate::builders::{self, PASSWORD_HASH};

pub async fn a_live_session_has_a_principal(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    let session = cx.browser_session(&user).await;
    let principal = cx
        .connect()
        .await
        .principal(session.id, cx.now())
        .await
        .unwrap()
        .unwrap();
    assert_eq!((principal.user, principal.session), (user, session));
    assert!(
        cx.connect()
            .await
            .principal(cx.id(), cx.now())
            .await
            .unwrap()
            .is_none()
    );
}

pub async fn an_expired_or_orphaned_session_has_no_principal(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    let session = cx.browser_session(&user).await;
    let mut store = cx.connect().await;
    assert!(
        store
            .principal(session.id, session.expires_at - Duration::MICROSECOND)
            .await
            .unwrap()
            .is_some()
    );
    assert!(
        store
            .principal(session.id, session.expires_at)
            .await
            .unwrap()
            .is_none()
    );
    for (fault, cure) in [
        (
            "update users set is_active = false",
            "update users set is_active = true",
        ),
        (
            "update users set deleted_at = created_at",
            "update users set deleted_at = null",
        ),
        (
            "update sessions set ended_at = created_at",
            "update sessions set ended_at = null",
        ),
    ] {
        cx.database.execute(fault).await;
        assert!(
            store
                .principal(session.id, cx.now())
                .await
                .unwrap()
                .is_none(),
            "{fault}"
        );
        cx.database.execute(cure).await;
        assert!(
            store
                .principal(session.id, cx.now())
                .await
                .unwrap()
                .is_some(),
            "{cure}"
        );
    }
}

async fn listed(store: &mut dyn Repository, user: &User, now: OffsetDateTime) -> Vec<Uuid> {
    let sessions = store.live_sessions(user.id, now).await.unwrap();
    sessions.into_iter().map(|session| session.id).collect()
}

pub async fn live_sessions_are_listed_last_seen_first(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    let (api, _) = cx.api_session(&user, "first").await;
    let browser = cx.browser_session(&user).await;
    cx.browser_session(&cx.user("bob@example.org").await).await;
    let mut store = cx.connect().await;
    // Without a cookie nobody can use it, so it is not shown.
    assert_eq!(listed(&mut *store, &user, cx.now()).await, [api.id]);

    assert!(
        store
            .bind_cookie(browser.id, "cookie", "{}", cx.now())
            .await
            .unwrap()
    );
    cx.advance(Duration::minutes(5));
    store.touch_session(browser.id, cx.now()).await.unwrap();
    let both = listed(&mut *store, &user, cx.now()).await;
    assert_eq!(both, [browser.id, api.id]);
    let sessions = store.live_sessions(user.id, cx.now()).await.unwrap();
    assert_eq!(sessions[0].last_seen_at, cx.now());
    assert_eq!(sessions[1], api);

    assert!(
        store
            .end_session(user.id, browser.id, cx.now())
            .await
            .unwrap()
    );
    assert_eq!(listed(&mut *store, &user, cx.now()).await, [api.id]);
    assert_eq!(
        store.live_sessions(user.id, api.expires_at).await.unwrap(),
        []
    );
}

pub async fn a_session_is_ended_once_and_by_its_user_only(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    let other = cx.user("bob@example.org").await;
    let (session, family) = cx.api_session(&user, "first").await;
    let mut tx = cx.begin().await;
    assert!(
        !tx.end_session(other.id, session.id, cx.now())
            .await
            .unwrap()
    );
    assert!(
        !tx.refresh_token_state(family)
            .await
            .unwrap()
            .unwrap()
            .is_revoked
    );
    assert!(tx.end_session(user.id, session.id, cx.now()).await.unwrap());
    assert!(
        tx.refresh_token_state(family)
            .await
            .unwrap()
            .unwrap()
            .is_revoked
    );
    assert!(!tx.end_session(user.id, session.id, cx.now()).await.unwrap());
    assert!(!tx.end_session(user.id, cx.id(), cx.now()).await.unwrap());
    tx.commit().await.unwrap();

    let (expired, _) = cx.api_session(&user, "second").await;
    assert!(
        !cx.begin()
            .await
            .end_session(user.id, expired.id, expired.expires_at)
            .await
            .unwrap()
    );
}

pub async fn all_sessions_end_or_all_but_one(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    let (kept, kept_family) = cx.api_session(&user, "kept").await;
    let (ended, ended_family) = cx.api_session(&user, "ended").await;
    let browser = cx.browser_session(&user).await;
    let (others, others_family) = cx
        .api_session(&cx.user("bob@example.org").await, "others")
        .await;

    let mut tx = cx.begin().await;
    let mut ids = tx
        .end_sessions(user.id, Some(kept.id), cx.now())
        .await
        .unwrap();
    ids.sort();
    let mut expected = [ended.id, browser.id];
    expected.sort();
    assert_eq!(ids, expected);
    assert!(
        tx.refresh_token_state(ended_family)
            .await
            .unwrap()
            .unwrap()
            .is_revoked
    );
    assert!(
        !tx.refresh_token_state(kept_family)
            .await
            .unwrap()
            .unwrap()
            .is_revoked
    );
    assert!(tx.principal(kept.id, cx.now()).await.unwrap().is_some());

    assert_eq!(
        tx.end_sessions(user.id, None, cx.now()).await.unwrap(),
        [kept.id]
    );
    assert!(
        tx.end_sessions(user.id, None, cx.now())
            .await
            .unwrap()
            .is_empty()
    );
    assert!(
        tx.refresh_token_state(kept_family)
            .await
            .unwrap()
            .unwrap()
            .is_revoked
    );
    assert!(
        !tx.refresh_token_state(others_family)
            .await
            .unwrap()
            .unwrap()
            .is_revoked
    );
    assert!(tx.principal(others.id, cx.now()).await.unwrap().is_some());
    tx.commit().await.unwrap();
}

pub async fn last_seen_only_moves_forward(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    let session = cx.browser_session(&user).await;
    let mut store = cx.connect().await;
    let later = cx.now() + Duration::hours(1);
    store.touch_session(session.id, later).await.unwrap();
    store.touch_session(session.id, cx.now()).await.unwrap();
    let principal = store
        .principal(session.id, cx.now())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (principal.session.last_seen_at, principal.session.expires_at),
        (later, session.expires_at)
    );
}

/// A reset ends every session of the old password, also the one whose sign-in is just being committed; and whoever ends
/// sessions without a reset never ends one without its family.
pub async fn parallel_sign_ins_do_not_outlive_the_end_of_all_sessions(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    in_parallel(24, |number| {
        let (cx, user) = (cx.clone(), user.clone());
        async move {
            let mut tx = cx.begin().await;
            match number {
                18 => {
                    tx.update_password(user.id, None, "reset", cx.now())
                        .await
                        .unwrap()
                        .unwrap();
                    tx.end_sessions(user.id, None, cx.now()).await.unwrap();
                }
                3 | 7 | 11 => {
                    tx.end_sessions(user.id, None, cx.now()).await.unwrap();
                }
                _ => {
                    let signed_in = tx
                        .record_sign_in(user.id, PASSWORD_HASH, None, cx.now())
                        .await
                        .unwrap();
                    if signed_in.is_none() {
                        return;
                    }
                    let session = builders::session(cx.id(), user.id, SessionKind::Api, cx.now());
                    let token =
                        builders::refresh_token(cx.id(), &session, &format!("token {number}"));
                    tx.insert_session(&session).await.unwrap();
                    tx.insert_refresh_token(&token).await.unwrap();
                }
            }
            tx.commit().await.unwrap();
        }
    })
    .await;
    assert_eq!(
        cx.connect()
            .await
            .live_sessions(user.id, cx.now())
            .await
            .unwrap(),
        []
    );
}

pub async fn the_end_of_all_sessions_waits_for_a_sign_in_that_is_under_way(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    let mut sign_in = cx.begin().await;
    sign_in
        .record_sign_in(user.id, PASSWORD_HASH, None, cx.now())
        .await
        .unwrap()
        .unwrap();
    let session = builders::session(cx.id(), user.id, SessionKind::Api, cx.now());
    sign_in.insert_session(&session).await.unwrap();
    sign_in
        .insert_refresh_token(&builders::refresh_token(cx.id(), &session, "first"))
        .await
        .unwrap();
    let ending = meanwhile({
        let cx = cx.clone();
        async move {
            let mut tx = cx.begin().await;
            let ended = tx.end_sessions(user.id, None, cx.now()).await.unwrap();
            tx.commit().await.unwrap();
            ended
        }
    })
    .await;
    sign_in.commit().await.unwrap();
    assert_eq!(ending.await.unwrap(), [session.id]);
}
