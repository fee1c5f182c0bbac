//! Who sessions speak for, in the memory of this process.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use uuid::Uuid;
use vestibule_core::lock;
use vestibule_core::model::Principal;
use vestibule_core::ports::{Lookup, PrincipalCache, Ticket};

/// About 10 MB.
const MAX_USERS: usize = 10_000;
/// A user with more sessions than this at once is looked up in the database.
const MAX_SESSIONS: usize = 32;

/// Snapshots of this process. A look-up that misses begins a *generation* of the user's snapshots:
/// its ticket names it, and everything in it ends together, when it is forgotten or `life` after it
/// began. So nothing is older than `life`, and what was read
/// before a user was forgotten finds its generation gone.
pub struct InProcessPrincipals {
    life: Duration,
    generations: Mutex<Generations>,
}

#[derive(Default)]
struct Generations {
    last_number: u64,
    of_users: HashMap<Uuid, Generation>,
}

struct Generation {
    number: u64,
    until: Instant,
    snapshots: HashMap<Uuid, (Instant, Principal)>,
}

impl InProcessPrincipals {
    pub fn new(life: Duration) -> Self {
        Self {
            life,
            generations: Mutex::default(),
        }
    }

    /// The session's snapshot, or the generation that one can be kept in.
    pub(crate) fn find(&self, user_id: Uuid, session_id: Uuid) -> Result<Principal, u64> {
        let mut generations = lock(&self.generations);
        let now = Instant::now();
        let generation = generations.current(user_id, now, self.life);
        match generation.snapshots.get(&session_id) {
            Some((until, principal)) if *until > now => Ok(principal.clone()),
            _ => Err(generation.number),
        }
    }

    /// Keeps a snapshot for as long as its generation lives, and no longer than `life`.
    pub(crate) fn keep(&self, principal: &Principal, number: u64, life: Duration) {
        let mut generations = lock(&self.generations);
        let Some(generation) = generations.of_users.get_mut(&principal.user.id) else {
            return;
        };
        let (id, snapshots) = (principal.session.id, &mut generation.snapshots);
        let has_room = snapshots.len() < MAX_SESSIONS || snapshots.contains_key(&id);
        if generation.number == number && has_room {
            let until = generation.until.min(Instant::now() + life);
            snapshots.insert(id, (until, principal.clone()));
        }
    }

    pub(crate) fn drop_user(&self, user_id: Uuid) {
        lock(&self.generations).of_users.remove(&user_id);
    }

    /// For when it is not known who should have been forgotten.
    pub(crate) fn drop_all(&self) {
        lock(&self.generations).of_users.clear();
    }
}

impl Generations {
    /// The user's generation, a new one if there is none that lives.
    fn current(&mut self, user_id: Uuid, now: Instant, life: Duration) -> &mut Generation {
        let is_new = !self.of_users.contains_key(&user_id);
        if is_new && self.of_users.len() >= MAX_USERS {
            self.make_room(now);
        }
        let generation = self.of_users.entry(user_id).or_insert_with(|| Generation {
            number: 0,
            until: now,
            snapshots: HashMap::new(),
        });
        if generation.until <= now {
            self.last_number += 1;
            *generation = Generation {
                number: self.last_number,
                until: now + life,
                snapshots: HashMap::new(),
            };
        }
        generation
    }

    /// Forgets what is too old; everything, if that is of
    /// little help and would be tried again at once.
    fn make_room(&mut self, now: Instant) {
        self.of_users.retain(|_, generation| generation.until > now);
        if self.of_users.len() > MAX_USERS / 4 * 3 {
            self.of_users.clear();
        }
    }
}

/// For a deployment of one process, whose own writes are the only ones.
#[async_trait]
impl PrincipalCache for InProcessPrincipals {
    async fn get(&self, user_id: Uuid, session_id: Uuid) -> Lookup {
        match self.find(user_id, session_id) {
            Ok(principal) => Lookup::Hit(Box::new(principal)),
            Err(local) => Lookup::Miss(Ticket {
                local,
                shared: None,
            }),
        }
    }

    async fn put(&self, principal: &Principal, ticket: Ticket) {
        self.keep(principal, ticket.local, self.life);
    }

    async fn forget(&self, user_id: Uuid) {
        self.drop_user(user_id);
    }
}

/// No cache: with several replicas and nothing between them,
/// only the database knows what was revoked elsewhere.
pub struct NoCache;

#[async_trait]
impl PrincipalCache for NoCache {
    async fn get(&self, _: Uuid, _: Uuid) -> Lookup {
        Lookup::Miss(Ticket {
            local: 0,
            shared: None,
        })
    }

    async fn put(&self, _: &Principal, _: Ticket) {}

    async fn forget(&self, _: Uuid) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_bounded() {
        let cache = InProcessPrincipals::new(Duration::from_mins(1));
        for number in 0..MAX_USERS + 10 {
            let user_id = Uuid::from_u128(number as u128);
            assert!(cache.find(user_id, Uuid::nil()).is_err());
        }
        assert!(lock(&cache.generations).of_users.len() <= MAX_USERS);
    }
}
