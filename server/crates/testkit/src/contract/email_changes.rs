//! Moving an account to another address and back, and what reserves the address that it left.

use time::Duration;
use uuid::Uuid;
use vestibule_core::mail::MailKind;
use vestibule_core::model::{EmailAddress, Purpose, User};
use vestibule_core::ports::{StoreError, UsedLink};

use super::links::consume_hash;
use super::{Contract, in_parallel, meanwhile};
use crate::builders;

fn address(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap()
}

async fn change(cx: &Contract, id: Uuid, email: &str) -> Result<Option<User>, StoreError> {
    let mut tx = cx.begin().await;
    let moved = tx.change_email(id, &address(email), cx.now()).await?;
    tx.commit().await?;
    Ok(moved)
}

async fn revert(cx: &Contract, id: Uuid, email: &str) -> Result<Option<User>, StoreError> {
    let mut tx = cx.begin().await;
    let moved = tx
        .revert_email(id, &address(email), "void", cx.now())
        .await?;
    tx.commit().await?;
    Ok(moved)
}

/// A token that goes back to the address, for an hour.
async fn reserve(cx: &Contract, user_id: Uuid, hash: &str, email: &str) {
    let mut token = builders::link(cx.id(), user_id, Purpose::RevertEmail, hash, cx.now());
    token.email = Some(address(email));
    let mut tx = cx.begin().await;
    ok!(tx.insert_link(&token));
    ok!(tx.commit());
}

async fn register(cx: &Contract, email: &str) -> Result<(), StoreError> {
    let mut tx = cx.begin().await;
    let user = tx
        .insert_user(&builders::new_user(cx.id(), email, cx.now()))
        .await?;
    let mail = builders::mail(cx.id(), MailKind::Welcome, &user, cx.now());
    tx.enqueue_mail(&mail).await?;
    tx.commit().await
}

async fn consume(cx: &Contract, hash: &str) -> Option<Uuid> {
    consume_hash(cx, Purpose::RevertEmail, hash).await
}

pub async fn an_account_moves_to_an_address_that_is_free(cx: Contract) {
    let ann = cx.user("ann@example.org").await;
    let bob = cx.user("bob@example.org").await;
    cx.advance(Duration::hours(1));
    let moved = some!(change(&cx, ann.id, "Ann.New@Example.ORG"));
    assert_eq!(moved.email, "Ann.New@example.org");
    assert!(moved.is_email_verified);
    assert_eq!(
        (moved.created_at, moved.updated_at),
        (ann.created_at, cx.now())
    );
    let mut store = cx.writer().await;
    let by_new = ok!(store.account_by_email("ann.new@example.org"));
    assert_eq!(by_new.unwrap().user, moved);
    none!(store.account_by_email("ann@example.org"));
    drop(store);
    assert!(matches!(
        change(&cx, ann.id, "BOB@example.org").await,
        Err(StoreError::Conflict)
    ));
    // What it left is free, as long as nothing reserves it.
    let moved = ok!(change(&cx, bob.id, "ann@example.org"));
    assert!(moved.is_some());
    none!(change(&cx, cx.id(), "x@example.org"));
    cx.database
        .execute("update users set is_active = false")
        .await;
    none!(change(&cx, ann.id, "y@example.org"));
}

pub async fn of_parallel_moves_to_one_address_one_wins(cx: Contract) {
    let mut users = Vec::new();
    for number in 0..20 {
        users.push(cx.user(&format!("user{number}@example.org")).await.id);
    }
    let results = in_parallel(20, |number| {
        let (cx, id) = (cx.clone(), users[number]);
        async move { change(&cx, id, "wanted@example.org").await }
    })
    .await;
    let mut won = 0;
    for result in results {
        match result {
            Ok(moved) => won += usize::from(moved.is_some()),
            Err(StoreError::Conflict) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!(won, 1);
}

pub async fn a_reserved_address_is_only_its_accounts(cx: Contract) {
    let ann = cx.user("ann@example.org").await;
    let bob = cx.user("bob@example.org").await;
    ok!(change(&cx, ann.id, "new@example.org"));
    reserve(&cx, ann.id, "token", "ann@example.org").await;
    let taken = async |user_id: Uuid| {
        let mut store = cx.writer().await;
        ok!(store.email_is_taken("ann@example.org", user_id, cx.now()))
    };
    assert!(taken(bob.id).await && !taken(ann.id).await);
    for refused in [
        register(&cx, "ANN@example.org").await.err(),
        change(&cx, bob.id, "ann@example.org").await.err(),
        revert(&cx, bob.id, "ann@example.org").await.err(),
    ] {
        assert!(matches!(refused, Some(StoreError::Conflict)), "{refused:?}");
    }
    // The account itself may go back, and leave again.
    some!(change(&cx, ann.id, "ann@example.org"));
    some!(change(&cx, ann.id, "new@example.org"));
    cx.advance(Duration::hours(1) - Duration::MICROSECOND);
    assert!(register(&cx, "ann@example.org").await.is_err());
    cx.advance(Duration::MICROSECOND);
    assert!(!taken(bob.id).await);
    ok!(register(&cx, "ann@example.org"));
}

pub async fn a_used_token_reserves_nothing(cx: Contract) {
    let ann = cx.user("ann@example.org").await;
    ok!(change(&cx, ann.id, "new@example.org"));
    reserve(&cx, ann.id, "token", "ann@example.org").await;
    assert_eq!(consume(&cx, "token").await, Some(ann.id));
    ok!(register(&cx, "ann@example.org"));
}

/// A refused registration leaves its transaction as it was, whatever refused it.
pub async fn a_reserved_address_leaves_the_transaction_usable(cx: Contract) {
    let ann = cx.user("ann@example.org").await;
    ok!(change(&cx, ann.id, "new@example.org"));
    reserve(&cx, ann.id, "token", "ann@example.org").await;
    let mut tx = cx.begin().await;
    let again = builders::new_user(cx.id(), "ann@example.org", cx.now());
    assert!(tx.insert_user(&again).await.is_err());
    none!(tx.user_by_id(again.id));
    some!(tx.update_profile(ann.id, Some("Anna"), None, cx.now()));
    ok!(tx.commit());
    let mut store = cx.writer().await;
    none!(store.user_by_id(again.id));
    let ann = some!(store.user_by_id(ann.id));
    assert_eq!(ann.first_name.as_deref(), Some("Anna"));
}

/// A request that waits for an address to be given up comes too late: it is reserved by what gave
/// it up.
pub async fn an_address_that_is_just_being_left_is_reserved(cx: Contract) {
    let ann = cx.user("ann@example.org").await;
    let bob = cx.user("bob@example.org").await;
    let mut leaving = cx.begin().await;
    some!(leaving.change_email(ann.id, &address("new@example.org"), cx.now()));
    let mut token = builders::link(cx.id(), ann.id, Purpose::RevertEmail, "token", cx.now());
    token.email = Some(address("ann@example.org"));
    ok!(leaving.insert_link(&token));
    let registering = meanwhile({
        let cx = cx.clone();
        async move { register(&cx, "ann@example.org").await }
    })
    .await;
    let moving = meanwhile({
        let cx = cx.clone();
        async move { change(&cx, bob.id, "ann@example.org").await }
    })
    .await;
    ok!(leaving.commit());
    assert!(matches!(ok!(registering), Err(StoreError::Conflict)));
    assert!(matches!(ok!(moving), Err(StoreError::Conflict)));
}

pub async fn an_account_goes_back_under_another_password(cx: Contract) {
    let ann = cx.user("ann@example.org").await;
    ok!(change(&cx, ann.id, "thief@example.org"));
    let back = some!(revert(&cx, ann.id, "ann@example.org"));
    assert_eq!(back.email, "ann@example.org");
    assert!(back.is_email_verified && back.is_active);
    let account = ok!(cx.writer().await.account_by_id(ann.id));
    assert_eq!(account.unwrap().password_hash, "void");

    // A deletion that was scheduled meanwhile is off.
    let due = cx.now() + Duration::days(14);
    some!(cx.writer().await.schedule_deletion(ann.id, due, cx.now()));
    let back = ok!(revert(&cx, ann.id, "ann@example.org"));
    assert!(back.unwrap().is_active);
    cx.advance(Duration::days(15));
    let start = (time::OffsetDateTime::UNIX_EPOCH, uuid::Uuid::nil());
    let mut store = cx.writer().await;
    let claimed = ok!(store.claim_due_deletion(start, cx.now()));
    assert_eq!(claimed, None);
    drop(store);

    // An account that an operator closed stays closed.
    cx.database
        .execute("update users set is_active = false")
        .await;
    none!(revert(&cx, ann.id, "ann@example.org"));
}

pub async fn tokens_that_go_back_do_not_supersede_each_other(cx: Contract) {
    let ann = cx.user("ann@example.org").await;
    let bob = cx.user("bob@example.org").await;
    // All at one moment: their order is not one of times.
    for (user, hash) in [
        (&ann, "first"),
        (&ann, "second"),
        (&ann, "third"),
        (&bob, "others"),
    ] {
        reserve(&cx, user.id, hash, &format!("{hash}@example.org")).await;
    }
    let mut tx = cx.begin().await;
    ok!(tx.void_links(ann.id));
    let used = ok!(tx.use_link(Purpose::RevertEmail, "second", cx.now()));
    let expected = UsedLink {
        user_id: ann.id,
        email: Some("second@example.org".to_owned()),
        session_id: None,
    };
    assert_eq!(used, Some(expected));
    ok!(tx.void_later_reverts(ann.id, "second"));
    ok!(tx.commit());
    assert_eq!(consume(&cx, "third").await, None);
    assert_eq!(consume(&cx, "second").await, None);
    assert_eq!(consume(&cx, "first").await, Some(ann.id));
    assert_eq!(consume(&cx, "others").await, Some(bob.id));
}

pub async fn a_token_that_goes_back_works_on_a_scheduled_account_only_until_it_is_due(
    cx: Contract,
) {
    let ann = cx.user("ann@example.org").await;
    reserve(&cx, ann.id, "token", "ann@example.org").await;
    let due = cx.now() + Duration::minutes(30);
    some!(cx.writer().await.schedule_deletion(ann.id, due, cx.now()));
    let owner = async || {
        let mut store = cx.writer().await;
        let found = ok!(store.find_link("token", cx.now()));
        found.filter(|link| link.is_live).map(|link| link.owner.id)
    };
    assert_eq!(owner().await, Some(ann.id));
    cx.advance(Duration::minutes(30));
    assert_eq!(owner().await, None);
    assert_eq!(consume(&cx, "token").await, None);
    cx.database
        .execute("update users set delete_at = null")
        .await;
    assert_eq!(consume(&cx, "token").await, None);
    cx.database
        .execute("update users set is_active = true")
        .await;
    assert_eq!(consume(&cx, "token").await, Some(ann.id));
}
