//! Sessions: who is signed in by one, how they are listed and ended, and when they were last seen.
//! How they begin is in [`super::sign_ins`].

use time::{Duration, OffsetDateTime};
use uuid::Uuid;
use vestibule_core::model::{SessionKind, User};
use vestibule_core::ports::{Reader, Transaction};

use super::{ACCOUNT_GONE, Contract, SESSION_ENDED};
use crate::builders;

pub async fn an_expired_or_orphaned_session_has_no_principal(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    let session = cx.browser_session(&user).await;
    let mut store = cx.writer().await;
    let end = session.expires_at;
    for (at, is_live) in [(end - Duration::MICROSECOND, true), (end, false)] {
        let principal = ok!(store.principal(session.id, at));
        assert_eq!(principal.is_some(), is_live, "{at}");
    }
    for (broken, repaired) in ACCOUNT_GONE.into_iter().chain([SESSION_ENDED]) {
        cx.database.execute(broken).await;
        assert!(
            ok!(store.principal(session.id, cx.now())).is_none(),
            "{broken}"
        );
        cx.database.execute(repaired).await;
        assert!(
            ok!(store.principal(session.id, cx.now())).is_some(),
            "{repaired}"
        );
    }
}

async fn listed(store: &mut dyn Reader, user: &User, now: OffsetDateTime) -> Vec<Uuid> {
    let sessions = ok!(store.live_sessions(user.id, now));
    sessions.into_iter().map(|session| session.id).collect()
}

pub async fn live_sessions_are_listed_last_seen_first(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    let (api, _) = cx.api_session(&user, "first").await;
    cx.browser_session(&cx.user("bob@example.org").await).await;
    let mut store = cx.writer().await;
    // Without a cookie nobody can use it, so it is not shown.
    let unusable = builders::session(cx.id(), user.id, SessionKind::Browser, cx.now());
    ok!(store.insert_session(&unusable, None));
    assert_eq!(listed(&mut *store, &user, cx.now()).await, [api.id]);
    drop(store);

    let browser = cx.browser_session(&user).await;
    let mut store = cx.writer().await;
    cx.advance(Duration::minutes(5));
    ok!(store.touch_sessions(&[(browser.id, cx.now())]));
    let both = listed(&mut *store, &user, cx.now()).await;
    assert_eq!(both, [browser.id, api.id]);
    let sessions = ok!(store.live_sessions(user.id, cx.now()));
    assert_eq!(sessions[0].last_seen_at, cx.now());
    assert_eq!(sessions[1], api);

    assert!(ok!(store.end_session(user.id, browser.id, cx.now())));
    assert_eq!(listed(&mut *store, &user, cx.now()).await, [api.id]);
    assert_eq!(ok!(store.live_sessions(user.id, api.expires_at)), []);
}

pub async fn a_session_is_ended_once_and_by_its_user_only(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    let other = cx.user("bob@example.org").await;
    let (session, family) = cx.api_session(&user, "first").await;
    let mut tx = cx.begin().await;
    assert!(!ok!(tx.end_session(other.id, session.id, cx.now())));
    assert!(!some!(tx.refresh_token_state(family)).is_revoked);
    assert!(ok!(tx.end_session(user.id, session.id, cx.now())));
    assert!(some!(tx.refresh_token_state(family)).is_revoked);
    assert!(!ok!(tx.end_session(user.id, session.id, cx.now())));
    assert!(!ok!(tx.end_session(user.id, cx.id(), cx.now())));
    ok!(tx.commit());

    let (expired, _) = cx.api_session(&user, "second").await;
    assert!(!ok!(cx.begin().await.end_session(
        user.id,
        expired.id,
        expired.expires_at
    )));
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
    let mut ids = ok!(tx.end_sessions(user.id, Some(kept.id), cx.now()));
    ids.sort();
    let mut expected = [ended.id, browser.id];
    expected.sort();
    assert_eq!(ids, expected);
    assert!(is_revoked(&mut *tx, ended_family).await);
    assert!(!is_revoked(&mut *tx, kept_family).await);
    assert!(ok!(tx.principal(kept.id, cx.now())).is_some());

    assert_eq!(ok!(tx.end_sessions(user.id, None, cx.now())), [kept.id]);
    assert!(ok!(tx.end_sessions(user.id, None, cx.now())).is_empty());
    assert!(is_revoked(&mut *tx, kept_family).await);
    assert!(!is_revoked(&mut *tx, others_family).await);
    assert!(ok!(tx.principal(others.id, cx.now())).is_some());
    ok!(tx.commit());
}

async fn is_revoked(store: &mut dyn Transaction, family: Uuid) -> bool {
    let state = ok!(store.refresh_token_state(family));
    state.unwrap().is_revoked
}

pub async fn the_oldest_sessions_end_beyond_a_number(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    let (others, _) = cx
        .api_session(&cx.user("bob@example.org").await, "others")
        .await;
    let (mut sessions, mut families) = (Vec::new(), Vec::new());
    for number in 0..3 {
        cx.advance(Duration::seconds(1));
        let (api, family) = cx.api_session(&user, &format!("token {number}")).await;
        cx.advance(Duration::seconds(1));
        let browser = cx.browser_session(&user).await;
        sessions.extend([api.id, browser.id]);
        families.push(family);
    }
    let surplus = async |keep: u16, now: OffsetDateTime| {
        let mut tx = cx.begin().await;
        let ended = ok!(tx.end_surplus_sessions(user.id, keep, now));
        ok!(tx.commit());
        ended
    };
    let live = async || {
        let mut ids = listed(&mut *cx.reader().await, &user, cx.now()).await;
        ids.sort();
        ids
    };
    assert_eq!(surplus(6, cx.now()).await, 0);
    assert_eq!(live().await, sessions);
    // One that ended by itself is not counted.
    let mut tx = cx.begin().await;
    let ended = tx.end_session(user.id, sessions[5], cx.now()).await;
    assert!(ended.unwrap());
    ok!(tx.commit());
    assert_eq!(surplus(5, cx.now()).await, 0);
    assert_eq!(surplus(2, cx.now()).await, 3);
    assert_eq!(live().await, sessions[3..5]);
    assert_eq!(surplus(2, cx.now()).await, 0);
    let mut store = cx.writer().await;
    let mut revoked = Vec::new();
    for family in families {
        let state = some!(store.refresh_token_state(family));
        revoked.push(state.is_revoked);
    }
    assert_eq!(revoked, [true, true, false]);
    let of_others = ok!(store.principal(others.id, cx.now()));
    assert!(of_others.is_some());
    drop(store);
    // Nor is one that has expired.
    assert_eq!(surplus(0, cx.now() + Duration::days(31)).await, 0);
}

async fn last_seen(cx: &Contract, session_id: Uuid) -> time::OffsetDateTime {
    let mut store = cx.writer().await;
    let principal = ok!(store.principal(session_id, cx.now()));
    principal.unwrap().session.last_seen_at
}

pub async fn many_are_seen_in_one_statement(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    let mut sessions = Vec::new();
    for _ in 0..300 {
        sessions.push(cx.browser_session(&user).await);
    }
    let (ended, unseen) = (sessions.pop().unwrap(), sessions.pop().unwrap());
    let mut store = cx.writer().await;
    let now = cx.now();
    assert!(ok!(store.end_session(user.id, ended.id, now)));
    let later = |number: usize| {
        let number = i64::try_from(number).unwrap();
        now + Duration::seconds(1) + Duration::microseconds(number)
    };
    let seen = |sessions: &[vestibule_core::model::Session]| {
        let seen = sessions.iter().enumerate();
        seen.map(|(number, session)| (session.id, later(number)))
            .collect::<Vec<_>>()
    };
    let mut all = seen(&sessions);
    all.push((ended.id, later(0)));
    // One that is gone is no error, one that is named twice was seen at the later time.
    all.push((cx.id(), later(0)));
    all.push((sessions[1].id, now + Duration::hours(1)));
    all.push((sessions[1].id, later(0)));
    ok!(store.touch_sessions(&all));
    // Backwards nothing moves.
    let earlier: Vec<_> = all.iter().map(|(id, _)| (*id, now)).collect();
    ok!(store.touch_sessions(&earlier));
    ok!(store.touch_sessions(&[]));
    let records = ok!(store.session_records(user.id));
    drop(store);
    for record in records {
        let position = sessions.iter().position(|one| one.id == record.session.id);
        let expected = match position {
            Some(1) => now + Duration::hours(1),
            Some(number) => later(number),
            None => now,
        };
        assert_eq!(record.session.last_seen_at, expected, "{position:?}");
        assert_eq!(record.session.expires_at, unseen.expires_at);
    }
    assert_eq!(last_seen(&cx, unseen.id).await, now);
}

pub async fn a_session_that_is_just_being_ended_is_not_waited_for(cx: Contract) {
    // On SQLite one writer waits for the other as a whole.
    if !cx.database.is_postgres() {
        return;
    }
    let user = cx.user("ann@example.org").await;
    let (held, free) = (
        cx.browser_session(&user).await,
        cx.browser_session(&user).await,
    );
    let mut ending = cx.begin().await;
    assert!(ok!(ending.end_session(user.id, held.id, cx.now())));
    let later = cx.now() + Duration::seconds(1);
    let mut store = cx.writer().await;
    ok!(store.touch_sessions(&[(held.id, later), (free.id, later)]));
    drop(store);
    drop(ending);
    assert_eq!(last_seen(&cx, held.id).await, cx.now());
    assert_eq!(last_seen(&cx, free.id).await, later);
}
