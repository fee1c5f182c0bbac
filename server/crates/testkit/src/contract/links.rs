use time::Duration;
use uuid::Uuid;
use vestibule_core::model::Purpose::{self, ResetPassword, RestoreAccount, VerifyEmail};

use super::{ACCOUNT_GONE, Contract, in_parallel, meanwhile};
use crate::builders;

/// A link whose token has this hash, with the purpose before it: no two tokens have the same.
async fn insert(cx: &Contract, user_id: Uuid, purpose: Purpose, hash: &str) {
    let link = builders::link(cx.id(), user_id, purpose, &of(purpose, hash), cx.now());
    let mut tx = cx.begin().await;
    ok!(tx.insert_link(&link));
    ok!(tx.commit());
}

fn of(purpose: Purpose, hash: &str) -> String {
    format!("{purpose} {hash}")
}

/// Whose link it is, if it could be used now.
async fn owner(cx: &Contract, purpose: Purpose, hash: &str) -> Option<Uuid> {
    let mut store = cx.writer().await;
    let found = ok!(store.find_link(&of(purpose, hash), cx.now()));
    let live = found.filter(|link| link.is_live)?;
    assert_eq!(live.purpose, purpose);
    Some(live.owner.id)
}

async fn consume(cx: &Contract, purpose: Purpose, hash: &str) -> Option<Uuid> {
    consume_hash(cx, purpose, &of(purpose, hash)).await
}

pub(super) async fn consume_hash(cx: &Contract, purpose: Purpose, hash: &str) -> Option<Uuid> {
    let mut tx = cx.begin().await;
    let used = ok!(tx.use_link(purpose, hash, cx.now()));
    ok!(tx.commit());
    used.map(|link| link.user_id)
}

pub async fn a_token_is_consumed_once_and_for_its_purpose(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    let purposes = [VerifyEmail, ResetPassword, RestoreAccount];
    for purpose in purposes {
        insert(&cx, user.id, purpose, "token").await;
    }
    for purpose in [VerifyEmail, ResetPassword] {
        assert_eq!(owner(&cx, purpose, "token").await, Some(user.id));
        for foreign in purposes.into_iter().filter(|it| *it != purpose) {
            let of_foreign = of(foreign, "token");
            assert_eq!(consume_hash(&cx, purpose, &of_foreign).await, None);
        }
        assert_eq!(consume(&cx, purpose, "token").await, Some(user.id));
        assert_eq!(consume(&cx, purpose, "token").await, None);
        assert_eq!(owner(&cx, purpose, "token").await, None);
    }
    // An active account has no deletion to cancel.
    assert_eq!(owner(&cx, RestoreAccount, "token").await, None);
    let mut tx = cx.begin().await;
    ok!(tx.void_links(user.id));
    ok!(tx.commit());
}

pub async fn an_expired_token_is_worthless(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    for purpose in [VerifyEmail, ResetPassword] {
        insert(&cx, user.id, purpose, "token").await;
        cx.advance(Duration::hours(1) - Duration::MICROSECOND);
        assert_eq!(owner(&cx, purpose, "token").await, Some(user.id));
        cx.advance(Duration::MICROSECOND);
        assert_eq!(owner(&cx, purpose, "token").await, None);
        assert_eq!(consume(&cx, purpose, "token").await, None);
    }
}

pub async fn a_new_token_supersedes_the_earlier_one(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    let other = cx.user("bob@example.org").await;
    for purpose in [VerifyEmail, ResetPassword] {
        insert(&cx, other.id, purpose, "others").await;
        insert(&cx, user.id, purpose, "first").await;
        insert(&cx, user.id, purpose, "second").await;
        assert_eq!(consume(&cx, purpose, "first").await, None);
        assert_eq!(consume(&cx, purpose, "second").await, Some(user.id));
        assert_eq!(consume(&cx, purpose, "others").await, Some(other.id));
    }
}

pub async fn parallel_consumers_of_one_token_have_one_winner(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    for purpose in [VerifyEmail, ResetPassword] {
        insert(&cx, user.id, purpose, "token").await;
        let winners = in_parallel(50, |_| {
            let cx = cx.clone();
            async move { consume(&cx, purpose, "token").await }
        })
        .await;
        assert_eq!(winners.into_iter().flatten().collect::<Vec<_>>(), [user.id]);
    }
}

pub async fn parallel_requests_leave_one_live_token(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    for purpose in [VerifyEmail, ResetPassword] {
        in_parallel(20, |number| {
            let cx = cx.clone();
            async move { insert(&cx, user.id, purpose, &format!("token {number}")).await }
        })
        .await;
        let mut live = 0;
        for number in 0..20 {
            live += usize::from(
                owner(&cx, purpose, &format!("token {number}"))
                    .await
                    .is_some(),
            );
        }
        assert_eq!(live, 1);
    }
}

/// More codes in a row than these tests try.
const ROW: u32 = 100;

pub async fn wrong_codes_are_counted_up_to_the_limit(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    let mut store = cx.writer().await;
    none!(store.count_code_attempt(user.id, 5, ROW, cx.now()));
    let hash = of(VerifyEmail, "verify");
    let link = builders::link(cx.id(), user.id, VerifyEmail, &hash, cx.now());
    ok!(store.insert_link(&link));
    for _ in 0..5 {
        let attempt = some!(store.count_code_attempt(user.id, 5, ROW, cx.now()));
        assert_eq!(
            (
                attempt.token_id,
                attempt.token_hash.as_str(),
                attempt.created_at
            ),
            (link.id, hash.as_str(), cx.now())
        );
    }
    none!(store.count_code_attempt(user.id, 5, ROW, cx.now()));
    drop(store);
    // Guessing codes does not take the link from its owner.
    assert_eq!(consume(&cx, VerifyEmail, "verify").await, Some(user.id));
    none!(
        cx.writer()
            .await
            .count_code_attempt(user.id, 99, ROW, cx.now())
    );
}

pub async fn codes_in_a_row_are_counted_until_the_address_is_proved(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    let allowed = async || {
        let mut store = cx.writer().await;
        let attempt = store.count_code_attempt(user.id, 9, 6, cx.now()).await;
        attempt.unwrap().is_some()
    };
    for (token, entries) in [("first", 4), ("second", 2)] {
        // Not even long after the last one.
        cx.advance(Duration::hours(2));
        insert(&cx, user.id, VerifyEmail, token).await;
        for _ in 0..entries {
            assert!(allowed().await);
        }
    }
    assert!(!allowed().await);
    insert(&cx, user.id, VerifyEmail, "third").await;
    assert!(!allowed().await);
    let mut store = cx.writer().await;
    ok!(store.mark_email_verified(user.id, cx.now()));
    drop(store);
    assert!(allowed().await);
}

pub async fn parallel_code_entries_never_pass_the_limit(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    insert(&cx, user.id, VerifyEmail, "verify").await;
    let counted = in_parallel(30, |_| {
        let cx = cx.clone();
        async move {
            ok!(cx
                .writer()
                .await
                .count_code_attempt(user.id, 5, ROW, cx.now()))
            .is_some()
        }
    })
    .await;
    assert_eq!(counted.into_iter().filter(|counted| *counted).count(), 5);
}

pub async fn the_count_of_codes_goes_over_to_a_new_token_for_an_hour(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    let allowed = async |limit: u32| {
        let attempt = ok!(cx
            .writer()
            .await
            .count_code_attempt(user.id, limit, ROW, cx.now()));
        attempt.is_some()
    };
    insert(&cx, user.id, VerifyEmail, "first").await;
    for _ in 0..3 {
        assert!(allowed(3).await);
    }
    cx.advance(Duration::minutes(50));
    insert(&cx, user.id, VerifyEmail, "second").await;
    assert!(!allowed(3).await);
    assert!(allowed(4).await);
    cx.advance(Duration::hours(1) + Duration::MICROSECOND);
    insert(&cx, user.id, VerifyEmail, "third").await;
    assert!(allowed(1).await);
}

pub async fn all_tokens_of_a_user_are_voided(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    let other = cx.user("bob@example.org").await;
    for purpose in [VerifyEmail, ResetPassword] {
        insert(&cx, user.id, purpose, "mine").await;
        insert(&cx, other.id, purpose, "others").await;
    }
    let mut tx = cx.begin().await;
    ok!(tx.void_links(user.id));
    ok!(tx.commit());
    for purpose in [VerifyEmail, ResetPassword] {
        assert_eq!(consume(&cx, purpose, "mine").await, None);
        assert_eq!(consume(&cx, purpose, "others").await, Some(other.id));
    }
}

pub async fn a_token_of_an_inactive_user_is_worthless(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    for purpose in [VerifyEmail, ResetPassword] {
        insert(&cx, user.id, purpose, "token").await;
    }
    for (broken, repaired) in ACCOUNT_GONE {
        cx.database.execute(broken).await;
        for purpose in [VerifyEmail, ResetPassword] {
            assert_eq!(owner(&cx, purpose, "token").await, None, "{broken}");
            assert_eq!(consume(&cx, purpose, "token").await, None, "{broken}");
        }
        cx.database.execute(repaired).await;
    }
    assert_eq!(consume(&cx, VerifyEmail, "token").await, Some(user.id));
}

/// A reset, a change of password, a verification and new mails, all of one user and all at once.
pub async fn crossing_operations_do_not_wait_in_a_circle(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    cx.api_session(&user, "A").await;
    insert(&cx, user.id, VerifyEmail, "verify").await;
    insert(&cx, user.id, ResetPassword, "reset").await;
    in_parallel(40, |number| {
        let cx = cx.clone();
        async move {
            let mut tx = cx.begin().await;
            match number % 4 {
                0 => {
                    ok!(tx.use_link(ResetPassword, &of(ResetPassword, "reset"), cx.now()));
                    ok!(tx.update_password(user.id, None, "reset", cx.now()));
                    ok!(tx.void_links(user.id));
                    ok!(tx.end_sessions(user.id, None, cx.now()));
                }
                1 => {
                    ok!(tx.update_password(user.id, None, "changed", cx.now()));
                    ok!(tx.void_links(user.id));
                    ok!(tx.end_sessions(user.id, None, cx.now()));
                }
                2 => {
                    ok!(tx.use_link(VerifyEmail, &of(VerifyEmail, "verify"), cx.now()));
                    ok!(tx.mark_email_verified(user.id, cx.now()));
                }
                _ => {
                    let purpose = if number % 8 == 3 {
                        VerifyEmail
                    } else {
                        ResetPassword
                    };
                    let hash = format!("token {number}");
                    let token = builders::link(cx.id(), user.id, purpose, &hash, cx.now());
                    ok!(tx.insert_link(&token));
                }
            }
            ok!(tx.commit());
        }
    })
    .await;
}

pub async fn a_reset_and_a_change_of_password_do_not_wait_in_a_circle(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    for purpose in [VerifyEmail, ResetPassword] {
        insert(&cx, user.id, purpose, "token").await;
        let mut consuming = cx.begin().await;
        let link = ok!(consuming.use_link(purpose, &of(purpose, "token"), cx.now()));
        assert_eq!(link.map(|link| link.user_id), Some(user.id));
        let changing = meanwhile({
            let cx = cx.clone();
            async move {
                let mut tx = cx.begin().await;
                some!(tx.update_password(user.id, None, "changed", cx.now()));
                ok!(tx.void_links(user.id));
                ok!(tx.commit());
            }
        })
        .await;
        some!(consuming.mark_email_verified(user.id, cx.now()));
        ok!(consuming.commit());
        ok!(changing);
    }
}
