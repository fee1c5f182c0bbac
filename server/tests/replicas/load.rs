//! Simulated users, all at once, while something breaks.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::simulated_user::SimulatedUser;
use crate::user_state::UserState;
use crate::world::{Dice, World};

const USERS: u64 = 8;
/// What one user does before the next one comes.
const ACTS: usize = 30;

/// Simulated users at work.
pub struct Load {
    stop: CancellationToken,
    users: Vec<JoinHandle<Vec<UserState>>>,
}

impl Load {
    /// Inside a runtime.
    pub fn begin(world: &Arc<World>, seed: u64) -> Self {
        let stop = CancellationToken::new();
        let visit = |number| {
            let dice = Dice::new(seed.wrapping_mul(USERS).wrapping_add(number));
            tokio::spawn(visit(Arc::clone(world), dice, number, stop.clone()))
        };
        Self {
            users: (0..USERS).map(visit).collect(),
            stop,
        }
    }

    /// Lets all finish what they are doing; gives what each one knows.
    pub async fn end(self) -> Vec<UserState> {
        self.stop.cancel();
        let mut states = Vec::new();
        for user in self.users {
            states.extend(user.await.unwrap());
        }
        states
    }
}

async fn visit(
    world: Arc<World>,
    mut dice: Dice,
    number: u64,
    stop: CancellationToken,
) -> Vec<UserState> {
    let mut states = Vec::new();
    while !stop.is_cancelled() {
        let email = format!("user-{number}-{}@example.org", states.len());
        let mut user = SimulatedUser::arrive(Arc::clone(&world), dice, email).await;
        for _ in 0..ACTS {
            if stop.is_cancelled() {
                break;
            }
            user.act().await;
            let pause = 5 + user.dice.below(30);
            tokio::time::sleep(Duration::from_millis(pause as u64)).await;
        }
        let (state, same_dice) = user.leave();
        states.push(state);
        dice = same_dice;
    }
    states
}

/// Once nothing is broken: every user comes back, and what was promised must hold.
pub async fn verify_promises(world: &Arc<World>, states: Vec<UserState>) {
    let queue = Arc::new(Mutex::new(states));
    let visit = || {
        let (world, queue) = (Arc::clone(world), Arc::clone(&queue));
        tokio::spawn(async move {
            loop {
                let Some(state) = queue.lock().unwrap().pop() else {
                    return;
                };
                let dice = Dice::new(state.email.len() as u64);
                SimulatedUser::resume(Arc::clone(&world), dice, state)
                    .verify_promises()
                    .await;
            }
        })
    };
    let visits: Vec<_> = (0..USERS).map(|_| visit()).collect();
    for visit in visits {
        visit.await.unwrap();
    }
}
