//! One round of calls that are sent at once, and what holds after each.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::support::{Answer, Call, SignedIn, TestApp, address, in_parallel};

pub const CALLS: usize = 50;

/// Sends the calls of a round at once.
pub async fn race(app: &TestApp, call: impl Fn(usize) -> Call) -> Vec<Answer> {
    let answers = in_parallel(CALLS, |number| {
        let call = call(number).from(&address(number));
        async move { call.await }
    })
    .await;
    check_round(app, &answers).await;
    answers
}

/// The same with one call, the `turn`th, that ends what the others use: a request that begins after
/// it was acknowledged is refused. Gives its answer, and the sessions of those that were not.
pub async fn end_amid(
    app: &TestApp,
    turn: usize,
    end: impl Fn() -> Call,
    call: impl Fn(usize) -> Call,
) -> (Answer, Vec<SignedIn>) {
    let ended = Arc::new(AtomicBool::new(false));
    let mut answers = in_parallel(CALLS, |number| {
        let is_end = number == turn;
        let call = if is_end { end() } else { call(number) }.from(&address(number));
        let ended = Arc::clone(&ended);
        async move {
            // Some begin when others are done.
            for _ in 0..number {
                tokio::task::yield_now().await;
            }
            let began_after = ended.load(Ordering::SeqCst);
            let answer = call.await;
            if is_end {
                ended.store(true, Ordering::SeqCst);
            }
            assert!(!(began_after && answer.status == 200), "{answer:?}");
            answer
        }
    })
    .await;
    check_round(app, &answers).await;
    let end = answers.remove(turn);
    let mut sessions = Vec::new();
    for answer in answers {
        if answer.status == 200 {
            sessions.push(SignedIn::from_body(&answer.json()));
        } else {
            answer.expect(401);
        }
    }
    (end, sessions)
}

async fn check_round(app: &TestApp, answers: &[Answer]) {
    for answer in answers {
        assert!(!answer.status.is_server_error(), "{answer:?}");
    }
    app.write_deferred().await;
    app.holds_every_invariant().await;
}
