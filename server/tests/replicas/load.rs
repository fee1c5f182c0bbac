//! People who use the portal, all at once, while something breaks.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::person::Person;
use crate::visitor::Visitor;
use crate::world::{Dice, World};

const VISITORS: u64 = 8;
/// What one person does before another one comes.
const ACTS: usize = 30;

/// Visitors at work.
pub struct Load {
    stop: CancellationToken,
    visitors: Vec<JoinHandle<Vec<Person>>>,
}

impl Load {
    /// Inside a runtime.
    pub fn begin(world: &Arc<World>, seed: u64) -> Self {
        let stop = CancellationToken::new();
        let visit = |number| {
            let dice = Dice::new(seed.wrapping_mul(VISITORS).wrapping_add(number));
            tokio::spawn(visit(Arc::clone(world), dice, number, stop.clone()))
        };
        Self {
            visitors: (0..VISITORS).map(visit).collect(),
            stop,
        }
    }

    /// Lets everybody finish what they are doing; who there was.
    pub async fn end(self) -> Vec<Person> {
        self.stop.cancel();
        let mut people = Vec::new();
        for visitor in self.visitors {
            people.extend(visitor.await.unwrap());
        }
        people
    }
}

async fn visit(
    world: Arc<World>,
    mut dice: Dice,
    number: u64,
    stop: CancellationToken,
) -> Vec<Person> {
    let mut people = Vec::new();
    while !stop.is_cancelled() {
        let email = format!("visitor-{number}-{}@example.org", people.len());
        let mut visitor = Visitor::arrive(Arc::clone(&world), dice, email).await;
        for _ in 0..ACTS {
            if stop.is_cancelled() {
                break;
            }
            visitor.act().await;
            let pause = 5 + visitor.dice.below(30);
            tokio::time::sleep(Duration::from_millis(pause as u64)).await;
        }
        let (person, same_dice) = visitor.leave();
        people.push(person);
        dice = same_dice;
    }
    people
}

/// Once all is well: everybody comes back and finds what they were promised.
pub async fn take_stock(world: &Arc<World>, people: Vec<Person>) {
    let queue = Arc::new(Mutex::new(people));
    let visit = || {
        let (world, queue) = (Arc::clone(world), Arc::clone(&queue));
        tokio::spawn(async move {
            loop {
                let Some(person) = queue.lock().unwrap().pop() else {
                    return;
                };
                let dice = Dice::new(person.email.len() as u64);
                Visitor::come_back(Arc::clone(&world), dice, person)
                    .take_stock()
                    .await;
            }
        })
    };
    let visits: Vec<_> = (0..VISITORS).map(|_| visit()).collect();
    for visit in visits {
        visit.await.unwrap();
    }
}
