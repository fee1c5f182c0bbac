//! The contract of the cache of principals. Lives are measured in real time.

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;
use vestibule_core::model::Principal;
use vestibule_core::ports::{Lookup, PrincipalCache, Ticket};

use super::in_parallel;
use crate::builders;

/// What the caches under test have to be made with.
pub const LIFE: Duration = Duration::from_secs(1);

/// Calls the macro once with the names of all contracts, in
/// `vestibule_testkit::contract::principals`.
#[macro_export]
macro_rules! principal_cache_contracts {
    ($run:ident) => {
        $run! {
            what_was_put_is_found,
            a_forgotten_user_is_forgotten_in_every_session,
            what_was_read_before_the_user_was_forgotten_is_not_kept,
            a_ticket_is_good_for_its_user_only,
            the_newest_snapshot_is_found,
            nothing_is_older_than_its_life,
            a_ticket_of_a_past_life_is_worthless,
            a_user_who_is_forgotten_all_the_time_is_never_stale,
        }
    };
}

type Cache = Arc<dyn PrincipalCache>;

const ANN: Uuid = Uuid::from_u128(1);
const BEN: Uuid = Uuid::from_u128(2);
const PHONE: Uuid = Uuid::from_u128(11);
const LAPTOP: Uuid = Uuid::from_u128(12);

fn principal(user_id: Uuid, session_id: Uuid) -> Principal {
    builders::principal(user_id, session_id)
}

/// The ticket of a look-up that has to miss.
pub async fn miss(cache: &dyn PrincipalCache, user_id: Uuid, session_id: Uuid) -> Ticket {
    match cache.get(user_id, session_id).await {
        Lookup::Miss(ticket) => ticket,
        Lookup::Hit(_) => panic!("a hit"),
    }
}

pub async fn is_hit(cache: &dyn PrincipalCache, user_id: Uuid, session_id: Uuid) -> bool {
    matches!(cache.get(user_id, session_id).await, Lookup::Hit(who)
        if who.user.id == user_id && who.session.id == session_id)
}

/// Looks the session up as the core does, whatever is there before.
pub async fn read(cache: &dyn PrincipalCache, user_id: Uuid, session_id: Uuid) {
    let ticket = miss(cache, user_id, session_id).await;
    cache.put(&principal(user_id, session_id), ticket).await;
}

pub async fn what_was_put_is_found(cache: Cache) {
    let mut ann = principal(ANN, PHONE);
    ann.user.last_name = None;
    "ann\u{e9}\"'@example.org".clone_into(&mut ann.user.email);
    let ticket = miss(&*cache, ANN, PHONE).await;
    cache.put(&ann, ticket).await;
    let Lookup::Hit(found) = cache.get(ANN, PHONE).await else {
        panic!("a miss");
    };
    assert_eq!((found.user, found.session), (ann.user, ann.session));
    miss(&*cache, ANN, LAPTOP).await;
    miss(&*cache, BEN, PHONE).await;
}

pub async fn a_forgotten_user_is_forgotten_in_every_session(cache: Cache) {
    read(&*cache, ANN, PHONE).await;
    read(&*cache, ANN, LAPTOP).await;
    read(&*cache, BEN, Uuid::from_u128(13)).await;
    cache.forget(ANN).await;
    miss(&*cache, ANN, PHONE).await;
    miss(&*cache, ANN, LAPTOP).await;
    assert!(is_hit(&*cache, BEN, Uuid::from_u128(13)).await);
    // An unknown user is forgotten as well.
    cache.forget(Uuid::from_u128(3)).await;
}

pub async fn what_was_read_before_the_user_was_forgotten_is_not_kept(cache: Cache) {
    let early = miss(&*cache, ANN, PHONE).await;
    cache.forget(ANN).await;
    cache.put(&principal(ANN, PHONE), early).await;
    let late = miss(&*cache, ANN, PHONE).await;
    cache.put(&principal(ANN, PHONE), early).await;
    miss(&*cache, ANN, PHONE).await;
    cache.put(&principal(ANN, PHONE), late).await;
    assert!(is_hit(&*cache, ANN, PHONE).await);
}

pub async fn a_ticket_is_good_for_its_user_only(cache: Cache) {
    let ann = miss(&*cache, ANN, PHONE).await;
    let ben = miss(&*cache, BEN, LAPTOP).await;
    cache.forget(ANN).await;
    cache.put(&principal(ANN, PHONE), ben).await;
    miss(&*cache, ANN, PHONE).await;
    cache.put(&principal(BEN, LAPTOP), ann).await;
    miss(&*cache, BEN, LAPTOP).await;
    cache.put(&principal(BEN, LAPTOP), ben).await;
    assert!(is_hit(&*cache, BEN, LAPTOP).await);
}

pub async fn the_newest_snapshot_is_found(cache: Cache) {
    let ticket = miss(&*cache, ANN, PHONE).await;
    let mut ann = principal(ANN, PHONE);
    for name in ["Ann", "Anna"] {
        ann.user.first_name = Some(name.to_owned());
        cache.put(&ann, ticket).await;
    }
    let Lookup::Hit(found) = cache.get(ANN, PHONE).await else {
        panic!("a miss");
    };
    assert_eq!(found.user.first_name.as_deref(), Some("Anna"));
}

pub async fn nothing_is_older_than_its_life(cache: Cache) {
    let ticket = miss(&*cache, ANN, PHONE).await;
    // Counted from before it was read, not from when it was put, found, or another session was put.
    tokio::time::sleep(LIFE / 2).await;
    cache.put(&principal(ANN, PHONE), ticket).await;
    assert!(is_hit(&*cache, ANN, PHONE).await);
    read(&*cache, ANN, LAPTOP).await;
    tokio::time::sleep(LIFE / 2).await;
    miss(&*cache, ANN, PHONE).await;
}

pub async fn a_ticket_of_a_past_life_is_worthless(cache: Cache) {
    let ticket = miss(&*cache, ANN, PHONE).await;
    tokio::time::sleep(LIFE).await;
    miss(&*cache, ANN, PHONE).await;
    cache.put(&principal(ANN, PHONE), ticket).await;
    miss(&*cache, ANN, PHONE).await;
}

/// Readers and a writer at once: after each change is forgotten,
/// no look-up gives what was before it.
pub async fn a_user_who_is_forgotten_all_the_time_is_never_stale(cache: Cache) {
    use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
    let (truth, forgotten) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    in_parallel(5, |number| {
        let (cache, truth, forgotten) = (cache.clone(), truth.clone(), forgotten.clone());
        async move {
            for _ in 0..100 {
                if number == 0 {
                    let version = truth.fetch_add(1, SeqCst) + 1;
                    cache.forget(ANN).await;
                    forgotten.store(version, SeqCst);
                    continue;
                }
                let oldest = forgotten.load(SeqCst);
                match cache.get(ANN, PHONE).await {
                    Lookup::Hit(who) => {
                        let version = who.session.device.parse::<u64>().unwrap();
                        assert!(version >= oldest, "{version} after {oldest} was forgotten");
                    }
                    Lookup::Miss(ticket) => {
                        let mut ann = principal(ANN, PHONE);
                        ann.session.device = truth.load(SeqCst).to_string();
                        tokio::task::yield_now().await;
                        cache.put(&ann, ticket).await;
                    }
                }
            }
        }
    })
    .await;
}
