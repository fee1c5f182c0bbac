//! What is deleted when it has expired.

use time::{Duration, OffsetDateTime};
use vestibule_core::AuditEvent;
use vestibule_core::mail::{MailKind, MailOutcome};
use vestibule_core::model::{EmailAddress, Purpose, SessionKind, User};
use vestibule_core::ports::Expired;

use super::{Contract, in_parallel, meanwhile};
use crate::builders::{self, PASSWORD_HASH};

const ALL: u32 = 1000;

async fn delete(cx: &Contract, what: Expired, before: OffsetDateTime) -> u64 {
    let mut store = cx.writer().await;
    ok!(store.delete_expired(what, before, ALL))
}

pub async fn a_job_is_leased_to_one_at_a_time(cx: Contract) {
    let lease = Duration::minutes(2);
    let (one, two) = (cx.id(), cx.id());
    let take = async |name: &str, id| {
        let mut store = cx.writer().await;
        let until = cx.now() + lease;
        ok!(store.lease_job(name, id, until, cx.now()))
    };
    assert!(take("cleanup", one).await);
    assert!(!take("cleanup", two).await);
    assert!(take("other", two).await, "each job by itself");
    // Its holder prolongs it.
    cx.advance(lease - Duration::MICROSECOND);
    assert!(take("cleanup", one).await);
    cx.advance(lease - Duration::MICROSECOND);
    assert!(!take("cleanup", two).await);
    // A holder that died with it loses it.
    cx.advance(Duration::MICROSECOND);
    assert!(take("cleanup", two).await);
    assert!(!take("cleanup", one).await);
    // What is not one's own is not given back.
    let release = async |id| ok!(cx.writer().await.release_job("cleanup", id));
    release(one).await;
    assert!(!take("cleanup", one).await);
    release(two).await;
    assert!(take("cleanup", one).await);
}

pub async fn parallel_replicas_get_one_lease(cx: Contract) {
    let leased = in_parallel(12, |_| {
        let cx = cx.clone();
        async move {
            let until = cx.now() + Duration::minutes(2);
            let mut store = cx.writer().await;
            let leased = store.lease_job("cleanup", cx.id(), until, cx.now()).await;
            leased.unwrap()
        }
    })
    .await;
    assert_eq!(leased.iter().filter(|leased| **leased).count(), 1);
}

async fn mailed_link(cx: &Contract, user: &User, purpose: Purpose, hash: &str) {
    let mut token = builders::link(cx.id(), user.id, purpose, hash, cx.now());
    token.email =
        (purpose == Purpose::RevertEmail).then(|| EmailAddress::parse("old@example.org").unwrap());
    let mut tx = cx.begin().await;
    ok!(tx.insert_link(&token));
    ok!(tx.commit());
}

pub async fn mailed_tokens_go_by_age(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    let tables: [(Expired, &[Purpose], &str); 2] = [
        (
            Expired::MailedLinks,
            &[Purpose::VerifyEmail, Purpose::RevertEmail],
            "mailed_links",
        ),
        (
            Expired::ResetTokens,
            &[Purpose::ResetPassword],
            "password_reset_tokens",
        ),
    ];
    let made = cx.now();
    let purposes = || tables.into_iter().flat_map(|(_, purposes, _)| purposes);
    for purpose in purposes() {
        mailed_link(&cx, &user, *purpose, &format!("early {purpose}")).await;
    }
    cx.advance(Duration::days(1));
    for purpose in purposes() {
        mailed_link(&cx, &user, *purpose, &format!("late {purpose}")).await;
    }
    for (what, purposes, table) in tables {
        let rows = purposes.len();
        assert_eq!(delete(&cx, what, made).await, 0);
        let deleted = delete(&cx, what, made + Duration::hours(23)).await;
        assert_eq!(deleted, rows as u64);
        let left = cx.database.count(&format!("from {table}")).await;
        assert_eq!(left, i64::try_from(rows).unwrap());
        for purpose in purposes {
            let mut store = cx.writer().await;
            let early = store.find_link(&format!("early {purpose}"), cx.now()).await;
            let late = store.find_link(&format!("late {purpose}"), cx.now()).await;
            assert!(early.unwrap().is_none() && late.unwrap().is_some());
        }
    }
}

pub async fn sessions_go_some_time_after_their_end(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    let (ended, _) = cx.api_session(&user, "ended").await;
    let (expires, _) = cx.api_session(&user, "expires").await;
    cx.advance(Duration::days(1));
    let mut tx = cx.begin().await;
    assert!(ok!(tx.end_session(user.id, ended.id, cx.now())));
    ok!(tx.commit());
    let ended_at = cx.now();
    assert_eq!(delete(&cx, Expired::Sessions, ended_at).await, 0);
    let later = ended_at + Duration::MICROSECOND;
    assert_eq!(delete(&cx, Expired::Sessions, later).await, 1);
    assert_eq!(cx.database.count("from refresh_tokens").await, 1);
    let left = ok!(cx.writer().await.session_records(user.id));
    assert_eq!(left[0].session, expires);
    let end = expires.expires_at;
    assert_eq!(delete(&cx, Expired::Sessions, end).await, 0);
    assert_eq!(
        delete(&cx, Expired::Sessions, end + Duration::MICROSECOND).await,
        1
    );
    assert_eq!(cx.database.count("from refresh_tokens").await, 0);
}

pub async fn mails_go_once_they_are_done_with(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    for kind in [MailKind::ResetPassword, MailKind::PasswordChanged] {
        let mail = builders::mail(cx.id(), kind, &user, cx.now());
        ok!(cx.writer().await.enqueue_mail(&mail));
    }
    let mut store = cx.writer().await;
    for is_sent in [true, false] {
        let lease = cx.id();
        let until = cx.now() + Duration::minutes(2);
        let mail = some!(store.claim_mail(lease, until, cx.now()));
        let outcome = if is_sent {
            MailOutcome::Sent(cx.now())
        } else {
            MailOutcome::Failed(None, "refused".to_owned())
        };
        assert!(ok!(store.note_mail(mail.id, lease, &outcome)));
    }
    drop(store);
    assert_eq!(delete(&cx, Expired::Mails, cx.now()).await, 0);
    let later = cx.now() + Duration::days(1);
    assert_eq!(delete(&cx, Expired::Mails, later).await, 2);
    let pending = "from mail_outbox where status = 'pending'";
    assert_eq!(cx.database.count(pending).await, 1);
    assert_eq!(delete(&cx, Expired::Mails, later).await, 0);
}

pub async fn events_go_by_age_and_refreshes_before_them(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    let write = async |event, user_id| {
        let record = builders::audit(cx.id(), user_id, event, cx.now());
        ok!(cx.writer().await.insert_audit(&record));
    };
    for _ in 0..2 {
        write(AuditEvent::TokenRefreshed, Some(user.id)).await;
        write(AuditEvent::LoginSuccess, Some(user.id)).await;
        write(AuditEvent::LoginFailure, None).await;
        cx.advance(Duration::days(10));
    }
    let after_first = cx.now() - Duration::days(15);
    assert_eq!(delete(&cx, Expired::RefreshEvents, after_first).await, 1);
    assert_eq!(cx.database.count("from audit_logs").await, 5);
    assert_eq!(delete(&cx, Expired::Events, after_first).await, 2);
    assert_eq!(delete(&cx, Expired::Events, after_first).await, 0);
    assert_eq!(delete(&cx, Expired::RefreshEvents, cx.now()).await, 1);
    assert_eq!(delete(&cx, Expired::Events, cx.now()).await, 2);
    assert_eq!(cx.database.count("from audit_logs").await, 0);
}

pub async fn refusals_go_before_other_events(cx: Contract) {
    let write = async |event| {
        let record = builders::audit(cx.id(), None, event, cx.now());
        ok!(cx.writer().await.insert_audit(&record));
    };
    // That of an account which is gone would want the account to be gone.
    let events = AuditEvent::ALL.iter().copied();
    let events: Vec<_> = events
        .filter(|it| *it != AuditEvent::AccountDeleted)
        .collect();
    for event in &events {
        write(*event).await;
    }
    cx.advance(Duration::days(1));
    write(AuditEvent::RequestRefused).await;
    let before = cx.now() - Duration::hours(1);
    assert_eq!(delete(&cx, Expired::Refusals, before).await, 3);
    assert_eq!(delete(&cx, Expired::Refusals, before).await, 0);
    let refusals =
        "from audit_logs where event_type in ('request_refused', 'rate_limited', 'login_limited')";
    assert_eq!(cx.database.count(refusals).await, 1);
    let left = cx.database.count("from audit_logs").await;
    assert_eq!(left, i64::try_from(events.len()).unwrap() - 3 + 1);
}

pub async fn no_more_than_a_part_goes_at_once_and_the_oldest_first(cx: Contract) {
    for _ in 0..7 {
        let record = builders::audit(cx.id(), None, AuditEvent::LoginFailure, cx.now());
        ok!(cx.writer().await.insert_audit(&record));
        cx.advance(Duration::minutes(1));
    }
    let end = cx.now();
    for (rows, left) in [(3, 4), (3, 1), (1, 0), (0, 0)] {
        let mut store = cx.writer().await;
        let deleted = ok!(store.delete_expired(Expired::Events, end, 3));
        assert_eq!(deleted, rows);
        drop(store);
        assert_eq!(cx.database.count("from audit_logs").await, left);
        // What is left is the newest.
        let age = Duration::minutes(left);
        assert_eq!(delete(&cx, Expired::Events, end - age).await, 0);
    }
}

pub async fn accounts_that_never_proved_their_address_are_due_if_nobody_uses_them(cx: Contract) {
    let verified = cx.user("verified@example.org").await;
    let signed_in = cx.user("signed-in@example.org").await;
    let closed = cx.user("closed@example.org").await;
    let unused = cx.user("unused@example.org").await;
    let left = cx.user("left@example.org").await;
    let mut store = cx.writer().await;
    let proved = store.mark_email_verified(verified.id, cx.now()).await;
    proved.unwrap().unwrap();
    drop(store);
    cx.api_session(&signed_in, "live").await;
    let (ended, _) = cx.api_session(&left, "ended").await;
    let mut tx = cx.begin().await;
    assert!(ok!(tx.end_session(left.id, ended.id, cx.now())));
    ok!(tx.commit());
    cx.database
        .execute("update users set is_active = false where email = 'closed@example.org'")
        .await;
    cx.advance(Duration::days(7));
    let late = cx.user("late@example.org").await;
    let schedule = async |before| {
        let mut store = cx.writer().await;
        ok!(store.schedule_unverified(before, cx.now(), ALL))
    };
    assert_eq!(schedule(verified.created_at).await, 0);
    assert_eq!(schedule(late.created_at).await, 2);
    assert_eq!(schedule(late.created_at).await, 0);
    let mut due = Vec::new();
    let mut after = (OffsetDateTime::UNIX_EPOCH, uuid::Uuid::nil());
    let mut store = cx.writer().await;
    while let Some(next) = ok!(store.claim_due_deletion(after, cx.now())) {
        due.push(next.1);
        after = next;
    }
    let mut expected = [unused.id, left.id];
    expected.sort();
    assert_eq!(due, expected);
    for kept in [&verified, &signed_in, &closed, &late] {
        assert!(ok!(store.user_by_id(kept.id)).is_some(), "{}", kept.email);
    }
}

/// It does not see the session that a sign-in has not yet committed,
/// but it sees what became of the account.
pub async fn a_sign_in_that_is_under_way_keeps_an_unverified_account(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    cx.advance(Duration::days(7));
    let before = cx.now() - Duration::days(1);
    let mut sign_in = cx.begin().await;
    let begun = cx.begin_session(&mut *sign_in, user.id, PASSWORD_HASH, None);
    let (_, session) = ok!(begun);
    assert_eq!(session.kind, SessionKind::Api);
    let scheduling = meanwhile({
        let cx = cx.clone();
        async move {
            let mut store = cx.writer().await;
            ok!(store.schedule_unverified(before, cx.now(), ALL))
        }
    })
    .await;
    ok!(sign_in.commit());
    assert_eq!(ok!(scheduling), 0);
    let mut store = cx.writer().await;
    let principal = ok!(store.principal(session.id, cx.now()));
    assert!(principal.is_some());
}
