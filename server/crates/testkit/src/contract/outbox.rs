use std::collections::HashSet;

use time::Duration;
use uuid::Uuid;
use vestibule_core::mail::{LeasedMail, MailKind, MailOutcome};

use super::{Contract, in_parallel, meanwhile};
use crate::builders::{self, DEVICE, IP_ADDRESS};

const LEASE: Duration = Duration::minutes(2);

async fn claim(cx: &Contract, lease: Uuid) -> Option<LeasedMail> {
    ok!(cx
        .writer()
        .await
        .claim_mail(lease, cx.now() + LEASE, cx.now()))
}

pub async fn a_mail_is_claimed_with_its_facts(cx: Contract) {
    assert!(claim(&cx, cx.id()).await.is_none());
    let user = cx.user("ann@example.org").await;
    cx.advance(Duration::seconds(1));
    let mut reset = builders::mail(cx.id(), MailKind::ResetPassword, &user, cx.now());
    reset.token_id = Some(cx.id());
    ok!(cx.writer().await.enqueue_mail(&reset));

    let leased = ok!(claim(&cx, cx.id()));
    assert_eq!(
        (leased.id, leased.kind, leased.token_id),
        (reset.id, MailKind::ResetPassword, reset.token_id)
    );
    assert_eq!(
        (leased.recipient.as_str(), leased.first_name.as_deref()),
        ("ann@example.org", Some("Ann"))
    );
    assert_eq!(
        (
            leased.context.device.as_str(),
            leased.context.ip_address.as_str()
        ),
        (DEVICE, IP_ADDRESS)
    );
    assert_eq!((leased.context.at, leased.attempts), (cx.now(), 0));
    assert_eq!(ok!(claim(&cx, cx.id())).kind, MailKind::Welcome);
    assert!(claim(&cx, cx.id()).await.is_none());
}

pub async fn security_mails_come_before_what_anybody_can_ask_for(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    let kinds = [
        MailKind::VerifyEmail,
        MailKind::ConfirmNewEmail,
        MailKind::PasswordChanged,
        MailKind::ResetPassword,
    ];
    for kind in kinds {
        cx.advance(Duration::seconds(1));
        let mail = builders::mail(cx.id(), kind, &user, cx.now());
        ok!(cx.writer().await.enqueue_mail(&mail));
    }
    let mut order = Vec::new();
    while let Some(mail) = claim(&cx, cx.id()).await {
        order.push(mail.kind);
    }
    let expected = [
        MailKind::PasswordChanged,
        MailKind::ResetPassword,
        MailKind::Welcome,
        MailKind::VerifyEmail,
        MailKind::ConfirmNewEmail,
    ];
    assert_eq!(order, expected);
}

pub async fn a_leased_mail_is_nobody_elses_until_its_lease_runs_out(cx: Contract) {
    cx.user("ann@example.org").await;
    let first = cx.id();
    let mail = ok!(claim(&cx, first));
    cx.advance(LEASE - Duration::MICROSECOND);
    assert!(claim(&cx, cx.id()).await.is_none());
    cx.advance(Duration::MICROSECOND);
    let again = ok!(claim(&cx, cx.id()));
    // The worker that held it never said what became of it, so nothing was counted.
    assert_eq!((again.id, again.attempts), (mail.id, 0));
}

pub async fn a_failed_mail_is_due_again_later(cx: Contract) {
    cx.user("ann@example.org").await;
    let lease = cx.id();
    let mail = ok!(claim(&cx, lease));
    let due = cx.now() + Duration::minutes(10);
    let failed = MailOutcome::Failed(Some(due), "greylisted".to_owned());
    assert!(ok!(cx.writer().await.note_mail(mail.id, lease, &failed)));
    assert!(claim(&cx, cx.id()).await.is_none());
    cx.advance(Duration::minutes(10));
    let lease = cx.id();
    let again = ok!(claim(&cx, lease));
    assert_eq!((again.id, again.attempts), (mail.id, 1));
    let sent = MailOutcome::Sent(cx.now());
    assert!(ok!(cx.writer().await.note_mail(mail.id, lease, &sent)));
    assert!(!ok!(cx.writer().await.note_mail(mail.id, lease, &sent)));
    cx.advance(Duration::days(1));
    assert!(claim(&cx, cx.id()).await.is_none());
}

pub async fn a_postponed_mail_counts_no_attempt(cx: Contract) {
    cx.user("ann@example.org").await;
    let (lease, other) = (cx.id(), cx.id());
    let mail = ok!(claim(&cx, lease));
    let due = cx.now() + Duration::seconds(2);
    let mut store = cx.writer().await;
    let postponed = MailOutcome::Postponed(due, "refused".to_owned());
    assert!(!ok!(store.note_mail(mail.id, other, &postponed)));
    assert!(ok!(store.note_mail(mail.id, lease, &postponed)));
    drop(store);
    assert!(claim(&cx, cx.id()).await.is_none());
    cx.advance(Duration::seconds(2));
    let again = ok!(claim(&cx, cx.id()));
    assert_eq!((again.id, again.attempts), (mail.id, 0));
}

pub async fn a_dead_mail_is_never_claimed(cx: Contract) {
    cx.user("ann@example.org").await;
    let lease = cx.id();
    let mail = ok!(claim(&cx, lease));
    let dead = MailOutcome::Failed(None, "no such mailbox".to_owned());
    assert!(ok!(cx.writer().await.note_mail(mail.id, lease, &dead)));
    cx.advance(Duration::days(1));
    assert!(claim(&cx, cx.id()).await.is_none());
    let again = MailOutcome::Failed(Some(cx.now()), "again".to_owned());
    assert!(!ok!(cx.writer().await.note_mail(mail.id, lease, &again)));
}

pub async fn a_lost_lease_marks_nothing(cx: Contract) {
    cx.user("ann@example.org").await;
    let (slow, quick) = (cx.id(), cx.id());
    let mail = ok!(claim(&cx, slow));
    cx.advance(LEASE);
    assert_eq!(ok!(claim(&cx, quick)).id, mail.id);
    let mut store = cx.writer().await;
    let sent = MailOutcome::Sent(cx.now());
    let failed = MailOutcome::Failed(None, "late".to_owned());
    assert!(!ok!(store.note_mail(mail.id, slow, &sent)));
    assert!(!ok!(store.note_mail(mail.id, slow, &failed)));
    assert!(ok!(store.note_mail(mail.id, quick, &sent)));
}

pub async fn parallel_workers_never_hold_the_same_mail(cx: Contract) {
    for number in 0..20 {
        cx.user(&format!("user{number}@example.org")).await;
    }
    let claimed = in_parallel(10, |_| {
        let cx = cx.clone();
        async move {
            let mut ids = Vec::new();
            while let Some(mail) = claim(&cx, cx.id()).await {
                ids.push(mail.id);
            }
            ids
        }
    })
    .await;
    let mut claimed = claimed.concat();
    // A worker that passes over a row that is being taken
    // may stop one early; what is left is claimed after it.
    while let Some(mail) = claim(&cx, cx.id()).await {
        claimed.push(mail.id);
    }
    assert_eq!(claimed.len(), 20);
    assert_eq!(claimed.iter().collect::<HashSet<_>>().len(), 20);
}

pub async fn a_worker_does_not_take_what_another_is_taking(cx: Contract) {
    cx.user("ann@example.org").await;
    cx.user("bob@example.org").await;
    let mut first = cx.begin().await;
    let taken = some!(first.claim_mail(cx.id(), cx.now() + LEASE, cx.now()));
    let other = meanwhile({
        let cx = cx.clone();
        async move { ok!(claim(&cx, cx.id())) }
    })
    .await;
    ok!(first.commit());
    assert_ne!(ok!(other).id, taken.id);
}
