//! Accounts on their way out.

use std::collections::HashSet;

use time::{Duration, OffsetDateTime};
use uuid::Uuid;
use vestibule_core::AuditEvent;
use vestibule_core::model::{EmailAddress, Purpose, User};
use vestibule_core::ports::StoreError;

use super::{Contract, in_parallel, meanwhile};
use crate::builders::{self, PASSWORD_HASH};

const DELAY: Duration = Duration::days(14);

/// Schedules the account, with a token that undoes it.
async fn schedule(cx: &Contract, user: &User, hash: &str) -> OffsetDateTime {
    let due = cx.now() + DELAY;
    let mut token = builders::link(cx.id(), user.id, Purpose::RestoreAccount, hash, cx.now());
    token.expires_at = due;
    let mut tx = cx.begin().await;
    let scheduled = ok!(tx.schedule_deletion(user.id, due, cx.now()));
    assert!(!scheduled.unwrap().is_active);
    ok!(tx.insert_link(&token));
    ok!(tx.commit());
    due
}

async fn cancel(cx: &Contract, hash: &str) -> Option<User> {
    let mut tx = cx.begin().await;
    let link = ok!(tx.use_link(Purpose::RestoreAccount, hash, cx.now()))?;
    let user = ok!(tx.restore_user(link.user_id, cx.now()))?;
    ok!(tx.commit());
    Some(user)
}

/// Before the first.
const START: (OffsetDateTime, Uuid) = (OffsetDateTime::UNIX_EPOCH, Uuid::nil());

async fn claim(cx: &Contract) -> Option<Uuid> {
    let mut store = cx.writer().await;
    let claimed = ok!(store.claim_due_deletion(START, cx.now()))?;
    Some(claimed.1)
}

async fn purge(cx: &Contract) -> Option<Uuid> {
    let id = claim(cx).await?;
    while ok!(cx.writer().await.erase_part(id, 500)) > 0 {}
    let mut tx = cx.begin().await;
    let erased = ok!(tx.erase_user(id, cx.now()));
    ok!(tx.commit());
    erased.then_some(id)
}

pub async fn a_scheduled_account_is_inactive_until_it_is_cancelled(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    let (session, _) = cx.api_session(&user, "A").await;
    schedule(&cx, &user, "undo").await;
    let mut store = cx.writer().await;
    none!(store.principal(session.id, cx.now()));
    let begun = cx.begin_session(&mut *store, user.id, PASSWORD_HASH, None);
    assert!(begun.await.is_none());
    assert!(
        ok!(store.schedule_deletion(user.id, cx.now(), cx.now())).is_none(),
        "a second time would move the end"
    );
    drop(store);
    let kept = ok!(cancel(&cx, "undo"));
    assert!(kept.is_active);
    assert_eq!((kept.id, kept.updated_at), (user.id, cx.now()));
    assert!(cancel(&cx, "undo").await.is_none());
    cx.advance(DELAY);
    assert_eq!(purge(&cx).await, None);
}

pub async fn a_deletion_can_be_cancelled_until_it_is_due(cx: Contract) {
    let ann = cx.user("ann@example.org").await;
    let bob = cx.user("bob@example.org").await;
    let due = schedule(&cx, &ann, "anns").await;
    schedule(&cx, &bob, "bobs").await;
    let owner = async || {
        let mut store = cx.writer().await;
        let found = ok!(store.find_link("anns", cx.now()));
        found.filter(|link| link.is_live).map(|link| link.owner.id)
    };
    let goes_at = async || {
        let mut tx = cx.begin().await;
        let due = ok!(tx.lock_scheduled_deletion(ann.id, cx.now()));
        // Or else the lock is there until the connection has come to rest.
        ok!(tx.commit());
        due
    };
    cx.advance(DELAY - Duration::MICROSECOND);
    assert_eq!(goes_at().await, Some(due));
    assert_eq!(owner().await, Some(ann.id));
    assert_eq!(purge(&cx).await, None);
    assert!(cancel(&cx, "bobs").await.is_some());
    cx.advance(Duration::MICROSECOND);
    assert_eq!(cx.now(), due);
    assert_eq!(goes_at().await, None);
    assert_eq!(owner().await, None);
    assert!(cancel(&cx, "anns").await.is_none());
    let mut store = cx.writer().await;
    none!(store.restore_user(ann.id, cx.now()));
    drop(store);
    assert_eq!(purge(&cx).await, Some(ann.id));
    assert_eq!(purge(&cx).await, None);
}

pub async fn an_account_that_an_operator_closed_is_not_given_back(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    schedule(&cx, &user, "undo").await;
    cx.database
        .execute("update users set delete_at = null")
        .await;
    assert!(cancel(&cx, "undo").await.is_none());
    let mut store = cx.writer().await;
    none!(store.restore_user(user.id, cx.now()));
    drop(store);
    cx.advance(2 * DELAY);
    assert_eq!(purge(&cx).await, None, "nor deleted");
    let user = ok!(cx.writer().await.user_by_id(user.id));
    assert!(!user.unwrap().is_active);
}

/// Sessions, links, mails, and more events than are removed at once.
async fn leave_something_everywhere(cx: &Contract, user: &User) {
    cx.api_session(user, &format!("family of {}", user.email))
        .await;
    cx.browser_session(user).await;
    let mut tx = cx.begin().await;
    for purpose in [
        Purpose::VerifyEmail,
        Purpose::ResetPassword,
        Purpose::RevertEmail,
    ] {
        let hash = format!("{purpose} of {}", user.email);
        let mut token = builders::link(cx.id(), user.id, purpose, &hash, cx.now());
        token.email = (purpose == Purpose::RevertEmail).then(|| {
            let left = format!("old-{}", user.email);
            EmailAddress::parse(&left).unwrap()
        });
        ok!(tx.insert_link(&token));
    }
    for _ in 0..1010 {
        let event = builders::audit(cx.id(), Some(user.id), AuditEvent::LoginFailure, cx.now());
        ok!(tx.insert_audit(&event));
    }
    ok!(tx.commit());
}

pub async fn everything_of_a_deleted_account_is_gone(cx: Contract) {
    let ann = cx.user("ann@example.org").await;
    let bob = cx.user("bob@example.org").await;
    for user in [&ann, &bob] {
        leave_something_everywhere(&cx, user).await;
    }
    schedule(&cx, &ann, "undo").await;
    cx.advance(DELAY);
    assert_eq!(purge(&cx).await, Some(ann.id));
    let mut store = cx.writer().await;
    none!(store.user_by_id(ann.id));
    assert!(ok!(store.session_records(ann.id)).is_empty());
    assert!(ok!(store.mail_records(ann.id)).is_empty());
    assert!(ok!(store.link_records(ann.id)).is_empty());
    let events = |user: &User| {
        let id = user.id;
        let cx = cx.clone();
        async move {
            let mut store = cx.reader().await;
            let all = AuditEvent::ALL;
            ok!(store.history(id, all, Uuid::max(), 5000)).len()
        }
    };
    assert_eq!((events(&ann).await, events(&bob).await), (0, 1010));
    assert_eq!(ok!(store.session_records(bob.id)).len(), 2);
    assert_eq!(ok!(store.link_records(bob.id)).len(), 3);
    assert_eq!(ok!(store.mail_records(bob.id)).len(), 1);
    drop(store);
    // The address is free, and so is the one that was reserved.
    cx.user("ann@example.org").await;
    cx.user("old-ann@example.org").await;
}

pub async fn only_what_is_due_is_erased(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    let mut tx = cx.begin().await;
    assert!(!ok!(tx.erase_user(user.id, cx.now())));
    drop(tx);
    schedule(&cx, &user, "undo").await;
    let mut tx = cx.begin().await;
    assert!(!ok!(tx.erase_user(user.id, cx.now())));
    drop(tx);
    cx.advance(DELAY);
    let mut tx = cx.begin().await;
    assert!(ok!(tx.erase_user(user.id, cx.now())));
    assert!(!ok!(tx.erase_user(user.id, cx.now())));
    ok!(tx.commit());
}

pub async fn parallel_purges_take_each_account_once(cx: Contract) {
    for number in 0..12 {
        let user = cx.user(&format!("user{number}@example.org")).await;
        schedule(&cx, &user, &format!("undo {number}")).await;
    }
    cx.advance(DELAY);
    let purged = in_parallel(6, |_| {
        let cx = cx.clone();
        async move {
            let mut ids = Vec::new();
            while let Some(id) = purge(&cx).await {
                ids.push(id);
            }
            ids
        }
    })
    .await
    .concat();
    assert_eq!(purged.len(), 12);
    assert_eq!(purged.iter().collect::<HashSet<_>>().len(), 12);
}

pub async fn a_claimed_account_is_nobodys_and_its_address_free(cx: Contract) {
    let ann = cx.user("ann@example.org").await;
    let bob = cx.user("bob@example.org").await;
    schedule(&cx, &ann, "anns").await;
    cx.advance(Duration::seconds(1));
    schedule(&cx, &bob, "bobs").await;
    cx.advance(DELAY);
    let mut store = cx.writer().await;
    let first = ok!(store.claim_due_deletion(START, cx.now()));
    let first = first.unwrap();
    assert_eq!(first.1, ann.id);
    // One that cannot be removed does not stand in the way, and is there in the next run.
    let second = ok!(store.claim_due_deletion(first, cx.now()));
    let second = second.unwrap();
    assert_eq!(second.1, bob.id);
    let third = ok!(store.claim_due_deletion(second, cx.now()));
    assert_eq!(third, None);
    drop(store);
    assert_eq!(claim(&cx).await, Some(ann.id));
    // A replica whose clock is behind does not give it back any more.
    let almost = cx.now() - Duration::seconds(2);
    let mut store = cx.writer().await;
    none!(store.user_by_id(ann.id));
    none!(store.restore_user(ann.id, almost));
    let locked = ok!(store.lock_scheduled_deletion(ann.id, almost));
    assert_eq!(locked, None);
    drop(store);
    let again = cx.user("ann@example.org").await;
    assert_eq!(purge(&cx).await, Some(ann.id));
    assert!(ok!(cx.writer().await.user_by_id(again.id)).is_some());
}

pub async fn what_belongs_to_an_account_goes_in_parts(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    let mut tx = cx.begin().await;
    for _ in 0..7 {
        let event = builders::audit(cx.id(), Some(user.id), AuditEvent::LoginFailure, cx.now());
        ok!(tx.insert_audit(&event));
    }
    ok!(tx.commit());
    cx.api_session(&user, "A").await;
    schedule(&cx, &user, "undo").await;
    cx.advance(DELAY);
    assert_eq!(claim(&cx).await, Some(user.id));
    let mut parts = Vec::new();
    loop {
        match ok!(cx.writer().await.erase_part(user.id, 3)) {
            0 => break,
            rows => parts.push(rows),
        }
    }
    // Events; the mail; the token; the session, and its refresh tokens with it.
    assert_eq!(parts, [3, 3, 1, 1, 1, 1]);
    assert_eq!(cx.database.count("from refresh_tokens").await, 0);
    assert_eq!(cx.database.count("from users").await, 1);
    assert_eq!(purge(&cx).await, Some(user.id));
    assert_eq!(cx.database.count("from users").await, 0);
}

/// No event may be written about an account while it goes:
/// it would be left without its user, and with an address.
pub async fn an_event_about_an_account_that_goes_is_not_left_behind(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    let event = || builders::audit(cx.id(), Some(user.id), AuditEvent::LoginFailure, cx.now());
    schedule(&cx, &user, "undo").await;
    cx.advance(DELAY);
    assert_eq!(claim(&cx).await, Some(user.id));
    while ok!(cx.writer().await.erase_part(user.id, 500)) > 0 {}
    // Written by a request that read the account before.
    ok!(cx.writer().await.insert_audit(&event()));
    let mut purging = cx.begin().await;
    assert!(ok!(purging.erase_user(user.id, cx.now())));
    let writing = meanwhile({
        let (cx, event) = (cx.clone(), event());
        async move {
            let mut tx = cx.begin().await;
            tx.insert_audit(&event).await?;
            tx.commit().await
        }
    })
    .await;
    ok!(purging.commit());
    assert!(matches!(ok!(writing), Err(StoreError::Orphan)));
    assert_eq!(cx.database.count("from audit_logs").await, 0);
}

pub async fn a_purge_passes_over_an_account_that_is_being_kept(cx: Contract) {
    // On SQLite one writer waits for the other as a whole.
    if !cx.database.is_postgres() {
        return;
    }
    let ann = cx.user("ann@example.org").await;
    let bob = cx.user("bob@example.org").await;
    schedule(&cx, &ann, "anns").await;
    cx.advance(Duration::seconds(1));
    schedule(&cx, &bob, "bobs").await;
    let almost = cx.now() + DELAY - Duration::seconds(2);
    cx.advance(DELAY);
    let mut keeping = cx.begin().await;
    // This replica's clock is a little behind.
    let used = ok!(keeping.use_link(Purpose::RestoreAccount, "anns", almost));
    assert_eq!(used.map(|link| link.user_id), Some(ann.id));
    assert_eq!(purge(&cx).await, Some(bob.id));
    assert_eq!(purge(&cx).await, None);
    some!(keeping.restore_user(ann.id, almost));
    ok!(keeping.commit());
    assert_eq!(purge(&cx).await, None);
    let ann = ok!(cx.writer().await.user_by_id(ann.id));
    assert!(ann.unwrap().is_active);
}
