use time::{Duration, OffsetDateTime};
use uuid::Uuid;
use vestibule_core::AuditEvent;
use vestibule_core::mail::MailKind;
use vestibule_core::model::{SessionKind, User};
use vestibule_core::ports::{NewSignIn, Repository, StoreError};

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
    store
        .touch_sessions(&[(browser.id, cx.now())])
        .await
        .unwrap();
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
    store.touch_sessions(&[(session.id, later)]).await.unwrap();
    store
        .touch_sessions(&[(session.id, cx.now())])
        .await
        .unwrap();
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

async fn last_seen(cx: &Contract, session_id: Uuid) -> time::OffsetDateTime {
    let mut store = cx.connect().await;
    let principal = store.principal(session_id, cx.now()).await.unwrap();
    principal.unwrap().session.last_seen_at
}

pub async fn many_are_seen_in_one_statement(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    let mut sessions = Vec::new();
    for _ in 0..300 {
        sessions.push(cx.browser_session(&user).await);
    }
    let (ended, unseen) = (sessions.pop().unwrap(), sessions.pop().unwrap());
    let mut store = cx.connect().await;
    let now = cx.now();
    assert!(store.end_session(user.id, ended.id, now).await.unwrap());
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
    // One that is gone is no fault, one that is named twice was seen at the later time.
    all.push((cx.id(), later(0)));
    all.push((sessions[1].id, now + Duration::hours(1)));
    all.push((sessions[1].id, later(0)));
    store.touch_sessions(&all).await.unwrap();
    // Backwards nothing moves.
    let earlier: Vec<_> = all.iter().map(|(id, _)| (*id, now)).collect();
    store.touch_sessions(&earlier).await.unwrap();
    store.touch_sessions(&[]).await.unwrap();
    let records = store.session_records(user.id).await.unwrap();
    drop(store);
    for record in records {
        let position = sessions.iter().position(|one| one.id == record.session.id);
        let expected = match position {
            Some(1) => now + Duration::hours(1),
            Some(number) => later(number),
            None => now,
        };
        assert_eq!(record.session.last_seen_at, expected, "{position:?}");
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
    assert!(
        ending
            .end_session(user.id, held.id, cx.now())
            .await
            .unwrap()
    );
    let later = cx.now() + Duration::seconds(1);
    let mut store = cx.connect().await;
    store
        .touch_sessions(&[(held.id, later), (free.id, later)])
        .await
        .unwrap();
    drop(store);
    drop(ending);
    assert_eq!(last_seen(&cx, held.id).await, cx.now());
    assert_eq!(last_seen(&cx, free.id).await, later);
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
                    let begun = cx.begin_session(&mut *tx, user.id, PASSWORD_HASH, None);
                    if begun.await.is_none() {
                        return;
                    }
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
    let begun = cx.begin_session(&mut *sign_in, user.id, PASSWORD_HASH, None);
    let (_, session) = begun.await.unwrap();
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

/// How many sessions, refresh families, events and mails there are.
async fn rows(cx: &Contract) -> [i64; 4] {
    let mut rows = [0; 4];
    let tables = ["sessions", "refresh_tokens", "audit_logs", "mail_outbox"];
    for (count, table) in rows.iter_mut().zip(tables) {
        *count = cx.database.count(&format!("from {table}")).await;
    }
    rows
}

pub async fn a_sign_in_is_written_with_all_that_belongs_to_it(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    cx.advance(Duration::hours(1));
    let now = cx.now();
    let event = builders::audit(cx.id(), Some(user.id), AuditEvent::LoginSuccess, now);
    let browser = builders::session(cx.id(), user.id, SessionKind::Browser, now);
    let sign_in = NewSignIn {
        verified_hash: PASSWORD_HASH,
        new_hash: None,
        session: &browser,
        refresh_token: None,
        event: &event,
        mail: None,
    };
    let mut store = cx.writer().await;
    let signed_in = store.begin_session(&sign_in).await.unwrap().unwrap();
    let expected = User {
        last_login_at: Some(now),
        ..user.clone()
    };
    assert_eq!(signed_in, expected);
    assert_eq!(rows(&cx).await, [1, 0, 1, 1]);
    let principal = store.principal(browser.id, now).await.unwrap().unwrap();
    assert_eq!((principal.user, principal.session), (expected, browser));

    let api = builders::session(cx.id(), user.id, SessionKind::Api, now);
    let token = builders::refresh_token(cx.id(), &api, "first");
    let event = builders::audit(cx.id(), Some(user.id), AuditEvent::LoginSuccess, now);
    let mut mail = builders::mail(cx.id(), MailKind::NewDevice, &user, now);
    // Read before the account moved to another address.
    "left@example.org".clone_into(&mut mail.recipient);
    let sign_in = NewSignIn {
        verified_hash: PASSWORD_HASH,
        new_hash: Some("rehashed"),
        session: &api,
        refresh_token: Some(&token),
        event: &event,
        mail: Some(&mail),
    };
    store.begin_session(&sign_in).await.unwrap().unwrap();
    assert_eq!(rows(&cx).await, [2, 1, 2, 2]);
    let account = store.account_by_id(user.id).await.unwrap().unwrap();
    assert_eq!(account.password_hash, "rehashed");
    let state = store.refresh_token_state(token.id).await.unwrap().unwrap();
    assert_eq!(
        (state.user_id, state.session_id, state.token_hash.as_str()),
        (user.id, api.id, "first")
    );
    assert_eq!(
        (state.expires_at, state.is_revoked),
        (token.expires_at, false)
    );
    let mails = store.mail_records(user.id).await.unwrap();
    assert_eq!(
        (
            mails[0].kind,
            mails[0].recipient.as_str(),
            &mails[0].context
        ),
        (MailKind::NewDevice, "ann@example.org", &mail.context)
    );
    let before = (now + Duration::days(1), Uuid::max());
    let events = store.event_records(user.id, before, 10).await.unwrap();
    let written = events.iter().find(|entry| entry.id == event.id).unwrap();
    assert_eq!(
        (written.event, written.details.as_str(), written.success),
        (event.event, event.details.to_string().as_str(), true)
    );
}

pub async fn a_sign_in_that_is_refused_leaves_nothing(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    let before = rows(&cx).await;
    let refused = async |user_id, hash| {
        let mut store = cx.writer().await;
        let begun = cx.begin_session(&mut *store, user_id, hash, Some("new"));
        assert!(begun.await.is_none());
        assert_eq!(rows(&cx).await, before);
    };
    refused(user.id, "other").await;
    refused(cx.id(), PASSWORD_HASH).await;
    for fault in [
        "update users set is_active = false",
        "update users set is_active = true, deleted_at = created_at",
    ] {
        cx.database.execute(fault).await;
        refused(user.id, PASSWORD_HASH).await;
    }
    cx.database
        .execute("update users set deleted_at = null")
        .await;
    let mut store = cx.writer().await;
    let begun = cx.begin_session(&mut *store, user.id, PASSWORD_HASH, None);
    assert_eq!(begun.await.unwrap().0.last_login_at, Some(cx.now()));
}

/// Whether it is one statement or several.
pub async fn a_sign_in_that_fails_half_way_leaves_nothing(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    cx.api_session(&user, "taken").await;
    let before = rows(&cx).await;
    let session = builders::session(cx.id(), user.id, SessionKind::Api, cx.now());
    let token = builders::refresh_token(cx.id(), &session, "taken");
    let event = builders::audit(cx.id(), Some(user.id), AuditEvent::LoginSuccess, cx.now());
    let sign_in = NewSignIn {
        verified_hash: PASSWORD_HASH,
        new_hash: Some("new"),
        session: &session,
        refresh_token: Some(&token),
        event: &event,
        mail: None,
    };
    let mut store = cx.writer().await;
    let begun = store.begin_session(&sign_in).await;
    assert!(matches!(begun, Err(StoreError::Conflict)));
    assert_eq!(rows(&cx).await, before);
    let account = store.account_by_id(user.id).await.unwrap().unwrap();
    assert_eq!(
        (account.password_hash.as_str(), account.user.last_login_at),
        (PASSWORD_HASH, None)
    );
    // The connection can be used on.
    let begun = cx.begin_session(&mut *store, user.id, PASSWORD_HASH, None);
    assert!(begun.await.is_some());
}
