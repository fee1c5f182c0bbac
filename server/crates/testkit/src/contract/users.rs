use time::Duration;
use vestibule_core::ports::StoreError;

use super::{Contract, in_parallel};
use crate::builders::{self, PASSWORD_HASH};

pub async fn a_user_is_found_by_id_and_by_canonical_address(cx: Contract) {
    let user = cx.user("Ann.Lee@Example.ORG").await;
    assert_eq!(user.email, "Ann.Lee@example.org");
    assert_eq!(
        (user.first_name.as_deref(), user.last_name.as_deref()),
        (Some("Ann"), None)
    );
    assert!(user.is_active && !user.is_email_verified);
    assert_eq!(
        (user.created_at, user.updated_at, user.last_login_at),
        (cx.now(), cx.now(), None)
    );

    let mut store = cx.writer().await;
    assert_eq!(ok!(store.user_by_id(user.id)).as_ref(), Some(&user));
    let account = some!(store.account_by_id(user.id));
    assert_eq!(
        (&account.user, account.password_hash.as_str()),
        (&user, PASSWORD_HASH)
    );
    let account = some!(store.account_by_email("ann.lee@example.org"));
    assert_eq!(
        (&account.user, account.password_hash.as_str()),
        (&user, PASSWORD_HASH)
    );

    none!(store.user_by_id(cx.id()));
    none!(store.account_by_id(cx.id()));
    none!(store.account_by_email("Ann.Lee@example.org"));
}

pub async fn a_canonical_address_has_one_live_account(cx: Contract) {
    cx.user("ann@example.org").await;
    let again = builders::new_user(cx.id(), "ANN@example.org", cx.now());
    let error = cx.writer().await.insert_user(&again).await.unwrap_err();
    assert!(matches!(error, StoreError::Conflict), "{error:?}");
}

pub async fn a_taken_address_leaves_the_transaction_usable(cx: Contract) {
    cx.user("ann@example.org").await;
    let mut tx = cx.begin().await;
    let again = builders::new_user(cx.id(), "ann@example.org", cx.now());
    assert!(tx.insert_user(&again).await.is_err());
    let user = some!(tx.account_by_email("ann@example.org")).user;
    some!(tx.update_profile(user.id, Some("Anna"), None, cx.now()));
    ok!(tx.commit());
    let user = some!(cx.writer().await.user_by_id(user.id));
    assert_eq!(user.first_name.as_deref(), Some("Anna"));
}

pub async fn a_deleted_account_frees_its_address(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    cx.database
        .execute("update users set deleted_at = created_at")
        .await;
    let mut store = cx.writer().await;
    none!(store.user_by_id(user.id));
    none!(store.account_by_id(user.id));
    none!(store.account_by_email("ann@example.org"));
    drop(store);
    let successor = cx.user("ann@example.org").await;
    assert_ne!(successor.id, user.id);
}

pub async fn parallel_registrations_of_one_address_give_one_account(cx: Contract) {
    let results = in_parallel(20, |_| {
        let cx = cx.clone();
        async move {
            let mut tx = cx.begin().await;
            let user = match tx
                .insert_user(&builders::new_user(cx.id(), "ann@example.org", cx.now()))
                .await
            {
                Ok(user) => user,
                Err(StoreError::Conflict) => return false,
                Err(error) => panic!("{error:?}"),
            };
            let mail = builders::mail(
                cx.id(),
                vestibule_core::mail::MailKind::Welcome,
                &user,
                cx.now(),
            );
            ok!(tx.enqueue_mail(&mail));
            ok!(tx.commit());
            true
        }
    })
    .await;
    assert_eq!(results.into_iter().filter(|won| *won).count(), 1);
}

pub async fn a_password_changes_only_over_the_hash_that_was_verified(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    cx.advance(Duration::hours(1));
    let mut store = cx.writer().await;
    none!(store.update_password(user.id, Some("other"), "new", cx.now()));
    let changed = some!(store.update_password(user.id, Some(PASSWORD_HASH), "second", cx.now()));
    assert_eq!(changed.updated_at, cx.now());
    assert_eq!(some!(store.account_by_id(user.id)).password_hash, "second");
    // A reset knows no earlier password.
    some!(store.update_password(user.id, None, "third", cx.now()));
    assert_eq!(some!(store.account_by_id(user.id)).password_hash, "third");
}

pub async fn the_names_that_are_given_change(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    cx.advance(Duration::hours(1));
    let mut store = cx.writer().await;
    for (given, names) in [
        (
            (None, Some("Lee")),
            (user.first_name.as_deref(), Some("Lee")),
        ),
        ((Some("Anna"), None), (Some("Anna"), Some("Lee"))),
        ((Some(""), None), (None, Some("Lee"))),
    ] {
        let updated = some!(store.update_profile(user.id, given.0, given.1, cx.now()));
        assert_eq!(
            (updated.first_name.as_deref(), updated.last_name.as_deref()),
            names
        );
        assert_eq!(
            (updated.created_at, updated.updated_at),
            (user.created_at, cx.now())
        );
    }
    none!(store.update_profile(cx.id(), None, None, cx.now()));
}

pub async fn an_address_is_marked_verified(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    let other = cx.user("bob@example.org").await;
    let mut store = cx.writer().await;
    assert!(some!(store.mark_email_verified(user.id, cx.now())).is_email_verified);
    assert!(some!(store.mark_email_verified(user.id, cx.now())).is_email_verified);
    assert!(!some!(store.user_by_id(other.id)).is_email_verified);
}

pub async fn an_inactive_account_cannot_be_changed(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    cx.database
        .execute("update users set is_active = false")
        .await;
    let mut store = cx.writer().await;
    assert!(!some!(store.user_by_id(user.id)).is_active);
    none!(store.update_password(user.id, None, "new", cx.now()));
    none!(store.update_profile(user.id, None, None, cx.now()));
    none!(store.mark_email_verified(user.id, cx.now()));
}
