//! A sign-in: all that is written with the session that it begins,
//! and that the end of all sessions does not miss it.

use time::Duration;
use uuid::Uuid;
use vestibule_core::AuditEvent;
use vestibule_core::mail::MailKind;
use vestibule_core::model::{SessionKind, User};
use vestibule_core::ports::{MAX_LIVE_SESSIONS, NewSignIn, StoreError};

use super::{Contract, in_parallel, meanwhile};
use crate::builders::{self, PASSWORD_HASH};

/// A reset ends every session of the old password, also the one whose sign-in is just being
/// committed; and ending sessions without a reset never ends one without its family.
pub async fn parallel_sign_ins_do_not_outlive_the_end_of_all_sessions(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    in_parallel(24, |number| {
        let (cx, user) = (cx.clone(), user.clone());
        async move {
            let mut tx = cx.begin().await;
            match number {
                18 => {
                    some!(tx.update_password(user.id, None, "reset", cx.now()));
                    ok!(tx.end_sessions(user.id, None, cx.now()));
                }
                3 | 7 | 11 => {
                    ok!(tx.end_sessions(user.id, None, cx.now()));
                }
                _ => {
                    let begun = cx.begin_session(&mut *tx, user.id, PASSWORD_HASH, None);
                    if begun.await.is_none() {
                        return;
                    }
                }
            }
            ok!(tx.commit());
        }
    })
    .await;
    assert_eq!(ok!(cx.writer().await.live_sessions(user.id, cx.now())), []);
}

pub async fn the_end_of_all_sessions_waits_for_a_sign_in_that_is_under_way(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    let mut sign_in = cx.begin().await;
    let begun = cx.begin_session(&mut *sign_in, user.id, PASSWORD_HASH, None);
    let (_, session) = ok!(begun);
    let ending = meanwhile({
        let cx = cx.clone();
        async move {
            let mut tx = cx.begin().await;
            let ended = ok!(tx.end_sessions(user.id, None, cx.now()));
            ok!(tx.commit());
            ended
        }
    })
    .await;
    ok!(sign_in.commit());
    assert_eq!(ok!(ending), [session.id]);
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
        cookie_hash: Some("cookie"),
        ..builders::sign_in(&browser, &event)
    };
    let mut store = cx.writer().await;
    let signed_in = some!(store.begin_session(&sign_in));
    let expected = User {
        last_login_at: Some(now),
        ..user.clone()
    };
    assert_eq!(signed_in, expected);
    assert_eq!(rows(&cx).await, [1, 0, 1, 1]);
    let principal = some!(store.principal(browser.id, now));
    let found = ok!(store.session_by_cookie("cookie", now));
    assert_eq!(found.unwrap().session_id, browser.id);
    assert_eq!((principal.user, principal.session), (expected, browser));
    drop(store);
    a_second_one_is_written_with_tokens_and_mail(&cx, &user).await;
}

async fn a_second_one_is_written_with_tokens_and_mail(cx: &Contract, user: &User) {
    let now = cx.now();
    let mut store = cx.writer().await;
    let api = builders::session(cx.id(), user.id, SessionKind::Api, now);
    let token = builders::refresh_token(cx.id(), &api, "first");
    let event = builders::audit(cx.id(), Some(user.id), AuditEvent::LoginSuccess, now);
    let mut mail = builders::mail(cx.id(), MailKind::NewDevice, user, now);
    // Read before the account moved to another address.
    "left@example.org".clone_into(&mut mail.recipient);
    let sign_in = NewSignIn {
        new_hash: Some("rehashed"),
        refresh_token: Some(&token),
        mail: Some(&mail),
        ..builders::sign_in(&api, &event)
    };
    some!(store.begin_session(&sign_in));
    assert_eq!(rows(cx).await, [2, 1, 2, 2]);
    let by_password = "from sessions where amr = 'pwd' and acr = 'aal1'";
    assert_eq!(cx.database.count(by_password).await, 2);
    let by_owner = format!(
        "from audit_logs where actor_kind = 'person' and actor_id = '{}'",
        user.id
    );
    assert_eq!(cx.database.count(&by_owner).await, 2);
    let account = some!(store.account_by_id(user.id));
    assert_eq!(account.password_hash, "rehashed");
    let state = some!(store.refresh_token_state(token.id));
    assert_eq!((state.user_id, state.session_id), (user.id, api.id));
    assert_eq!(state.token_hash, "first");
    assert_eq!(state.expires_at, token.expires_at);
    assert!(!state.is_revoked);
    let mails = ok!(store.mail_records(user.id));
    assert_eq!(
        (
            mails[0].kind,
            mails[0].recipient.as_str(),
            &mails[0].context
        ),
        (MailKind::NewDevice, "ann@example.org", &mail.context)
    );
    let before = (now + Duration::days(1), Uuid::max());
    let events = ok!(store.event_records(user.id, before, 10));
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
    for broken in [
        "update users set is_active = false",
        "update users set is_active = true, deleted_at = created_at",
    ] {
        cx.database.execute(broken).await;
        refused(user.id, PASSWORD_HASH).await;
    }
    cx.database
        .execute("update users set deleted_at = null")
        .await;
    let mut store = cx.writer().await;
    let begun = cx.begin_session(&mut *store, user.id, PASSWORD_HASH, None);
    assert_eq!(ok!(begun).0.last_login_at, Some(cx.now()));
}

pub async fn an_account_is_full_at_its_last_session(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    let other = cx.user("bob@example.org").await;
    cx.browser_session(&other).await;
    let is_full = async || {
        let mut store = cx.reader().await;
        let found = store.account_to_sign_in(&user.email, builders::DEVICE, None, cx.now());
        some!(found).1.is_full
    };
    for _ in 1..MAX_LIVE_SESSIONS {
        cx.browser_session(&user).await;
    }
    assert!(!is_full().await);
    let last = cx.browser_session(&user).await;
    assert!(is_full().await);
    let mut tx = cx.begin().await;
    assert!(ok!(tx.end_session(user.id, last.id, cx.now())));
    ok!(tx.commit());
    assert!(!is_full().await);
}

/// Whether it is one statement or several.
pub async fn a_sign_in_that_fails_half_way_leaves_nothing(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    let (_, existing) = cx.api_session(&user, "first").await;
    let before = rows(&cx).await;
    let session = builders::session(cx.id(), user.id, SessionKind::Api, cx.now());
    let token = builders::refresh_token(existing, &session, "second");
    let event = builders::audit(cx.id(), Some(user.id), AuditEvent::LoginSuccess, cx.now());
    let sign_in = NewSignIn {
        new_hash: Some("new"),
        refresh_token: Some(&token),
        ..builders::sign_in(&session, &event)
    };
    let mut store = cx.writer().await;
    let begun = store.begin_session(&sign_in).await;
    assert!(matches!(begun, Err(StoreError::Conflict)));
    assert_eq!(rows(&cx).await, before);
    let account = some!(store.account_by_id(user.id));
    assert_eq!(
        (account.password_hash.as_str(), account.user.last_login_at),
        (PASSWORD_HASH, None)
    );
    // The connection can be used on.
    let begun = cx.begin_session(&mut *store, user.id, PASSWORD_HASH, None);
    assert!(begun.await.is_some());
}
