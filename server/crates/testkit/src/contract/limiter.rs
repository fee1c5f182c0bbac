//! The contract of the limiter port. Each runs on two limiters that keep the same counts: two
//! replicas on one Redis, or one limiter twice.

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use vestibule_core::ports::{Charge, Decision, Quota, RateLimiter};

use super::in_parallel;
use crate::FakeClock;

/// Two views of the same counts.
pub type Limiters = [Arc<dyn RateLimiter>; 2];

/// Calls the macro once with the names of all contracts, in `vestibule_testkit::contract::limiter`.
#[macro_export]
macro_rules! limiter_contracts {
    ($run:ident) => {
        $run! {
            a_burst_passes_and_then_one_each_period,
            the_wait_is_true_to_the_microsecond,
            a_full_quota_does_not_grow,
            several_charges_are_taken_together_or_not_at_all,
            the_longest_wait_is_reported,
            what_is_given_back_can_be_taken_again,
            what_was_never_taken_cannot_be_given_back,
            a_reset_fills_the_quotas_it_names,
            parallel_callers_never_pass_more_than_the_burst,
            parallel_callers_of_two_quotas_take_both_or_none,
            a_clock_that_was_wrong_for_a_moment_is_no_lock,
        }
    };
}

const START: OffsetDateTime = FakeClock::START;

/// Three at once, then one a minute.
fn charge(key: &str) -> Charge {
    with_quota(key, 3, Duration::from_mins(1))
}

fn with_quota(key: &str, burst: u32, period: Duration) -> Charge {
    Charge {
        key: key.to_owned(),
        quota: Quota { burst, period },
    }
}

fn limited(charge: usize, retry_after: Duration) -> Decision {
    Decision::Limited {
        charge,
        retry_after,
    }
}

/// How many of the tries passed.
async fn passes(limiter: &dyn RateLimiter, charges: &[Charge], now: OffsetDateTime) -> usize {
    let mut passed = 0;
    for _ in 0..10 {
        passed += usize::from(ok!(limiter.take(charges, now)) == Decision::Allowed);
    }
    passed
}

pub async fn a_burst_passes_and_then_one_each_period([one, two]: Limiters) {
    let charges = [charge("a")];
    for limiter in [&one, &two, &one] {
        let taken = ok!(limiter.take(&charges, START));
        assert_eq!(taken, Decision::Allowed);
    }
    let ten_later = START + Duration::from_secs(10);
    let taken = ok!(two.take(&charges, ten_later));
    assert_eq!(taken, limited(0, Duration::from_secs(50)));
    let period = Duration::from_mins(1);
    for number in 1..4 {
        let later = START + period * number;
        assert_eq!(passes(&*one, &charges, later).await, 1);
        assert_eq!(passes(&*two, &charges, later).await, 0);
    }
    let other = ok!(two.take(&[charge("b")], START));
    assert_eq!(other, Decision::Allowed, "keys are apart");
}

pub async fn the_wait_is_true_to_the_microsecond([one, two]: Limiters) {
    let charges = [with_quota("a", 1, Duration::from_micros(1_500_001))];
    ok!(one.take(&charges, START));
    let later = START + Duration::from_millis(1500);
    let taken = ok!(two.take(&charges, later));
    assert_eq!(taken, limited(0, Duration::from_micros(1)));
    let taken = two.take(&charges, later + Duration::from_micros(1)).await;
    assert_eq!(taken.unwrap(), Decision::Allowed);
}

pub async fn a_full_quota_does_not_grow([one, _]: Limiters) {
    let charges = [charge("a")];
    ok!(one.take(&charges, START));
    let a_day_later = START + Duration::from_hours(24);
    assert_eq!(passes(&*one, &charges, a_day_later).await, 3);
}

pub async fn several_charges_are_taken_together_or_not_at_all([one, two]: Limiters) {
    let (plenty, few) = (
        with_quota("plenty", 9, Duration::from_mins(1)),
        charge("few"),
    );
    for both in [[plenty.clone(), few.clone()], [few.clone(), plenty.clone()]] {
        ok!(one.reset(&both));
        assert_eq!(passes(&*one, &both, START).await, 3);
        assert_eq!(
            passes(&*two, std::slice::from_ref(&plenty), START).await,
            6,
            "{both:?}"
        );
    }
}

pub async fn the_longest_wait_is_reported([one, two]: Limiters) {
    let seconds = |key: &str, period| with_quota(key, 1, Duration::from_secs(period));
    for key in ["b", "c"] {
        ok!(one.take(&[seconds(key, 60)], START));
    }
    ok!(one.take(&[seconds("d", 90)], START));
    let all = [
        seconds("a", 600),
        seconds("b", 60),
        seconds("d", 90),
        seconds("c", 60),
    ];
    let taken = ok!(two.take(&all, START));
    assert_eq!(taken, limited(2, Duration::from_secs(90)));
}

pub async fn what_is_given_back_can_be_taken_again([one, two]: Limiters) {
    let both = [charge("a"), charge("b")];
    assert_eq!(passes(&*one, &both, START).await, 3);
    ok!(two.give_back(&both, START));
    for only in &both {
        assert_eq!(passes(&*one, std::slice::from_ref(only), START).await, 1);
    }
}

pub async fn what_was_never_taken_cannot_be_given_back([one, two]: Limiters) {
    let charges = [charge("a")];
    for _ in 0..5 {
        ok!(one.give_back(&charges, START));
    }
    assert_eq!(passes(&*two, &charges, START).await, 3);
}

pub async fn a_reset_fills_the_quotas_it_names([one, two]: Limiters) {
    let all = [charge("a"), charge("b"), charge("c")];
    assert_eq!(passes(&*one, &all, START).await, 3);
    ok!(two.reset(&all[..2]));
    assert_eq!(passes(&*one, &all[..2], START).await, 3);
    assert_eq!(passes(&*one, &all[2..], START).await, 0);
}

pub async fn parallel_callers_never_pass_more_than_the_burst(limiters: Limiters) {
    let taken = in_parallel(50, |number| {
        let limiter = limiters[number % 2].clone();
        async move { ok!(limiter.take(&[charge("a")], START)) }
    })
    .await;
    let passed = taken.iter().filter(|taken| **taken == Decision::Allowed);
    assert_eq!(passed.count(), 3);
}

pub async fn parallel_callers_of_two_quotas_take_both_or_none(limiters: Limiters) {
    let (five, ten) = (
        with_quota("five", 5, Duration::from_mins(1)),
        with_quota("ten", 10, Duration::from_mins(1)),
    );
    let taken = in_parallel(50, |number| {
        let limiter = limiters[number % 2].clone();
        let both = [five.clone(), ten.clone()];
        async move { ok!(limiter.take(&both, START)) }
    })
    .await;
    let passed = taken.iter().filter(|taken| **taken == Decision::Allowed);
    assert_eq!(passed.count(), 5);
    assert_eq!(passes(&*limiters[0], &[ten], START).await, 5);
}

pub async fn a_clock_that_was_wrong_for_a_moment_is_no_lock([one, two]: Limiters) {
    let charges = [charge("a")];
    let next_year = START + Duration::from_hours(365 * 24);
    assert_eq!(passes(&*one, &charges, next_year).await, 3);
    let taken = ok!(two.take(&charges, START));
    assert_eq!(
        taken,
        limited(0, Duration::from_mins(1)),
        "as an empty quota"
    );
}
