use vestibule_core::model::SessionKind;
use vestibule_core::ports::StoreError;

use super::{Contract, cookie_hash};
use crate::builders;

pub async fn a_cookie_finds_its_live_session(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    let session = cx.browser_session(&user).await;
    let other = cx.browser_session(&user).await;
    let (api, _) = cx.api_session(&user, "first").await;
    let mut store = cx.writer().await;
    let record = some!(store.session_by_cookie(&cookie_hash(&session), cx.now()));
    assert_eq!(
        (record.session_id, record.user_id, record.expires_at),
        (session.id, user.id, session.expires_at)
    );
    for (unknown, now) in [
        (cookie_hash(&api), cx.now()),
        (String::new(), cx.now()),
        (cookie_hash(&session), session.expires_at),
    ] {
        let found = ok!(store.session_by_cookie(&unknown, now));
        assert!(found.is_none(), "{unknown} at {now}");
    }
    assert!(ok!(store.end_session(user.id, session.id, cx.now())));
    let found = ok!(store.session_by_cookie(&cookie_hash(&session), cx.now()));
    assert!(found.is_none());
    let found = ok!(store.session_by_cookie(&cookie_hash(&other), cx.now()));
    assert_eq!(found.unwrap().session_id, other.id);
    drop(store);
    let of_api = cx
        .database
        .count("from sessions where kind = 'api' and cookie_hash is not null");
    assert_eq!(of_api.await, 0);
}

pub async fn a_cookie_is_that_of_one_session(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    let session = cx.browser_session(&user).await;
    let second = builders::session(cx.id(), user.id, SessionKind::Browser, cx.now());
    let mut store = cx.writer().await;
    let taken = cookie_hash(&session);
    for _ in 0..2 {
        let refused = store.insert_session(&second, Some(&taken)).await;
        assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
        // Nor once the first has ended.
        ok!(store.end_session_by_cookie(&taken, cx.now()));
    }
    ok!(store.insert_session(&second, Some("another")));
    let found = ok!(store.session_by_cookie("another", cx.now()));
    assert_eq!(found.unwrap().session_id, second.id);
}

pub async fn an_ended_session_never_comes_back(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    let session = cx.browser_session(&user).await;
    let cookie = cookie_hash(&session);
    let mut tx = cx.begin().await;
    assert_eq!(ok!(tx.end_session_by_cookie("another", cx.now())), None);
    assert_eq!(
        ok!(tx.end_session_by_cookie(&cookie, cx.now())),
        Some(user.id)
    );
    assert_eq!(ok!(tx.end_session_by_cookie(&cookie, cx.now())), None);
    ok!(tx.commit());

    let mut store = cx.writer().await;
    // What still comes for it changes nothing.
    let later = cx.now() + time::Duration::seconds(1);
    ok!(store.touch_sessions(&[(session.id, later)]));
    assert!(!ok!(store.reauthenticate(session.id, later)));
    let refused = store.insert_session(&session, Some("again")).await;
    assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
    for cookie in [cookie.as_str(), "again"] {
        let found = ok!(store.session_by_cookie(cookie, cx.now()));
        assert!(found.is_none(), "{cookie}");
    }
    none!(store.principal(session.id, cx.now()));
}
