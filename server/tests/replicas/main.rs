//! Three replicas of the binary on one PostgreSQL and one Redis,
//! behind a proxy, while their parts fail.
//!
//! The tests start servers of their own and take a minute or two, so they are left out of a plain
//! `cargo test`: `cargo xtask chaos` runs all of it, `cargo xtask test` a short selection.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test that cannot go on panics, and says what it measured"
)]

mod faults;
mod fleet;
mod http;
mod ledger;
mod limits;
mod load;
mod monitoring;
mod observations;
mod overload;
mod proxies;
mod rolling;
mod simulated_user;
mod user_state;
mod world;

#[path = "../process/support.rs"]
#[allow(dead_code, reason = "the tests of one process need more of it")]
mod support;

use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use vestibule_daemons::proc;

use world::Dice;

/// How much of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    Short,
    Full,
}

impl Scale {
    #[expect(clippy::disallowed_methods, reason = "`cargo xtask chaos` says it so")]
    fn chosen() -> Self {
        match std::env::var_os("CHAOS_FULL") {
            Some(_) => Self::Full,
            None => Self::Short,
        }
    }

    /// How long something stays broken, once that was noticed.
    fn length(self, dice: &mut Dice) -> Duration {
        match self {
            Self::Short => Duration::from_millis(1500),
            Self::Full => Duration::from_millis(1000 + dice.below(5000) as u64),
        }
    }

    /// In which every mail has been sent: in full the lease of a
    /// killed replica and the longest pause between two tries.
    fn settle_time(self) -> Duration {
        match self {
            Self::Short => Duration::from_secs(20),
            Self::Full => Duration::from_secs(150),
        }
    }
}

/// The seed of this run, which is printed: the same one gives the same order.
#[expect(
    clippy::disallowed_methods,
    reason = "`cargo xtask chaos --seed` says it so"
)]
fn seed() -> u64 {
    let chosen = std::env::var("CHAOS_SEED").ok();
    let chosen = chosen.and_then(|seed| seed.parse().ok());
    let seed = chosen.unwrap_or_else(|| RandomState::new().hash_one("seed") % 1_000_000);
    println!("seed {seed}");
    seed
}

/// One test at a time: they measure.
fn begin(what: &str) -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    // Fails for all but the first test.
    let _ = proc::on_interrupt();
    println!("\n-- {what} --");
    turn
}

/// `0.42 s`.
fn human(time: Duration) -> String {
    if time < Duration::from_millis(100) {
        format!("{:.1} ms", time.as_secs_f64() * 1000.0)
    } else {
        format!("{:.2} s", time.as_secs_f64())
    }
}

#[test]
#[ignore = "starts servers of its own: cargo xtask chaos"]
fn nothing_acknowledged_is_lost_whatever_fails() {
    let _turn = begin("faults");
    faults::run(Scale::chosen(), seed());
}

#[test]
#[ignore = "starts servers of its own: cargo xtask chaos"]
fn a_rolling_restart_fails_no_request() {
    let _turn = begin("rolling restart");
    rolling::run(Scale::chosen(), seed());
}

#[test]
#[ignore = "starts servers of its own: cargo xtask chaos"]
fn behind_each_documented_proxy_people_sign_in_and_no_restart_fails_a_request() {
    let _turn = begin("proxies");
    proxies::run(seed());
}

#[test]
#[ignore = "starts servers of its own: cargo xtask chaos"]
fn operators_see_and_hear_what_happens() {
    let _turn = begin("monitoring");
    monitoring::run(seed());
}

#[test]
#[ignore = "starts servers of its own: cargo xtask chaos"]
fn a_storm_of_sign_ins_is_turned_away_and_nobody_else_notices() {
    let _turn = begin("overload");
    overload::run(Scale::chosen());
}
