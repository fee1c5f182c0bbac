//! Who sessions speak for: in the process, below it on Redis,
//! with a message to all replicas when a user changes.
//!
//! On Redis too a user's snapshots are a generation: one hash, begun by a look-up that missed, with
//! the generation's name in it and one expiry that nothing puts off. Therefore:
//!
//! - **Nothing is older than a second**: a snapshot is read from the store after its generation
//!   began, and goes with it. So whatever fails (a message that is lost, a Redis that was away and
//!   comes back with what it had, a process killed between commit and message), a revocation is
//!   effective everywhere within a second, and nobody has to notice.
//! - **Nothing that was read before a user was forgotten is kept after it**: a snapshot is put only
//!   into the generation that its ticket names, and forgetting deletes that. So does everything
//!   else that can happen to it (expiry, FLUSHALL, a Redis that comes back empty), and a `put` that
//!   is done late, after its caller gave up, finds it gone.
//! - **Redis is not believed.** Snapshots are sealed for their generation, so that writing
//!   into Redis gives no access, and reading there shows no names. A generation's name
//!   says when it began by the clock of the replica that began it: if the clock of Redis was set
//!   back, or stood still with its machine, and its expiry is therefore wrong,
//!   the generation is refused all the same.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures_util::StreamExt as _;
use redis::Script;
use time::OffsetDateTime;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use vestibule_core::MasterKey;
use vestibule_core::model::Principal;
use vestibule_core::ports::{Clock, Lookup, PrincipalCache, Random, Ticket};

use super::link::{RedisLink, Unreachable};
use crate::InProcessPrincipals;

/// How long a generation lives, here and (in the script) on Redis.
const LIFE: Duration = Duration::from_secs(1);
/// The place that sealed snapshots belong to.
const SEALED: &str = "principal";
/// By how much the clocks of two replicas may differ for them to share snapshots.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(1);
/// A subscription on which nothing comes for so long is tried.
const QUIET: Duration = Duration::from_secs(5);
const RECONNECT_PAUSE: Duration = Duration::from_secs(1);

/// KEYS: the user's generation. ARGV: session, name of a new generation. Gives the name of the one
/// that lives (the field without a name), its milliseconds, and the session's snapshot or nothing.
/// What is no generation, or would live longer than one (no expiry, a clock set back), is replaced.
const FIND: &str = r"
local found = redis.pcall('HMGET', KEYS[1], '', ARGV[1])
local left = redis.call('PTTL', KEYS[1])
if found[1] and left > 0 and left <= 1000 then
  return {found[1], left, found[2]}
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], '', ARGV[2])
redis.call('PEXPIRE', KEYS[1], 1000)
return {ARGV[2], 1000, false}";

/// KEYS: the user's generation. ARGV: its name, session,
/// snapshot. Gives whether the generation was still there.
const PUT: &str = r"
if redis.pcall('HGET', KEYS[1], '') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
return 1";

/// Snapshots that all replicas share.
pub struct RedisPrincipals {
    link: RedisLink,
    local: InProcessPrincipals,
    master: MasterKey,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    find: Script,
    put: Script,
}

/// What Redis has of a session.
struct Shared {
    generation: Uuid,
    left: Duration,
    principal: Option<Principal>,
}

impl RedisPrincipals {
    pub fn new(
        link: RedisLink,
        master: MasterKey,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        Self {
            link,
            local: InProcessPrincipals::new(LIFE),
            master,
            clock,
            random,
            find: Script::new(FIND),
            put: Script::new(PUT),
        }
    }

    fn key(&self, user_id: Uuid) -> String {
        self.link.name(format_args!("principals:{user_id}"))
    }

    fn channel(&self) -> String {
        self.link.name(format_args!("forget"))
    }

    /// Forgets users that changed on other replicas, until cancelled.
    /// Without it they are forgotten within a second.
    pub async fn listen(self: Arc<Self>, stop: CancellationToken) {
        let listening = async {
            loop {
                // Why it ended is logged by the calls, which fail as well.
                let _ = self.listen_once().await;
                tokio::time::sleep(RECONNECT_PAUSE).await;
            }
        };
        let _ = stop.run_until_cancelled(listening).await;
    }

    async fn listen_once(&self) -> Result<(), Unreachable> {
        let (mut sink, mut messages) = self.link.subscribe(&self.channel()).await?.split();
        // What was published before was missed.
        self.local.drop_all();
        loop {
            match timeout(QUIET, messages.next()).await {
                Ok(Some(message)) => {
                    match message.get_payload::<String>().map(|id| id.parse::<Uuid>()) {
                        Ok(Ok(user_id)) => self.local.drop_user(user_id),
                        _ => self.local.drop_all(),
                    }
                }
                Ok(None) => return Ok(()),
                Err(_) => {
                    let alive = timeout(QUIET, sink.ping::<redis::Value>()).await;
                    if !matches!(alive, Ok(Ok(_))) {
                        return Ok(());
                    }
                }
            }
        }
    }

    async fn find_shared(&self, user_id: Uuid, session_id: Uuid) -> Option<Shared> {
        let asked_at = Instant::now();
        let mut find = self.find.prepare_invoke();
        find.key(self.key(user_id))
            .arg(session_id.to_string())
            .arg(self.random.id(self.clock.now()).to_string());
        let answer = self
            .link
            .call(async |mut redis| find.invoke_async(&mut redis).await);
        let (generation, left, sealed): (String, u64, Option<String>) = answer.await.ok()?;
        let generation = generation.parse().ok().filter(|id| self.is_young(id))?;
        let principal = sealed.and_then(|sealed| self.open(generation, &sealed));
        Some(Shared {
            generation,
            left: Duration::from_millis(left).saturating_sub(asked_at.elapsed()),
            principal: principal
                .filter(|who| who.user.id == user_id && who.session.id == session_id),
        })
    }

    /// Whether the generation can still be alive by this replica's clock.
    fn is_young(&self, generation: &Uuid) -> bool {
        let began = generation.get_timestamp().and_then(|timestamp| {
            let (seconds, nanos) = timestamp.to_unix();
            let seconds = OffsetDateTime::from_unix_timestamp(i64::try_from(seconds).ok()?).ok()?;
            Some(seconds + Duration::from_nanos(nanos.into()))
        });
        let now = self.clock.now();
        began.is_some_and(|began| {
            began <= now + CLOCK_TOLERANCE && now <= began + LIFE + CLOCK_TOLERANCE
        })
    }

    fn open(&self, generation: Uuid, sealed: &str) -> Option<Principal> {
        let json = self.key_of(generation).open(SEALED, sealed);
        serde_json::from_slice(&json.ok()?).ok()
    }

    fn seal(&self, generation: Uuid, principal: &Principal) -> Option<String> {
        let json = serde_json::to_vec(principal).ok()?;
        self.key_of(generation)
            .seal(SEALED, &json, &*self.random)
            .ok()
    }

    /// What a snapshot is sealed with; whose it is stands in it. A generation lives for a second.
    fn key_of(&self, generation: Uuid) -> MasterKey {
        self.master.for_use(&format!("principals {generation}"))
    }

    /// Whether the generation is known to be gone.
    async fn put_shared(&self, principal: &Principal, generation: Uuid) -> bool {
        let Some(sealed) = self.seal(generation, principal) else {
            return false;
        };
        let mut put = self.put.prepare_invoke();
        put.key(self.key(principal.user.id))
            .arg(generation.to_string())
            .arg(principal.session.id.to_string())
            .arg(sealed);
        let answer = self
            .link
            .call(async |mut redis| put.invoke_async::<bool>(&mut redis).await);
        matches!(answer.await, Ok(false))
    }
}

#[async_trait]
impl PrincipalCache for RedisPrincipals {
    async fn get(&self, user_id: Uuid, session_id: Uuid) -> Lookup {
        let local = match self.local.find(user_id, session_id) {
            Ok(principal) => return Lookup::Hit(Box::new(principal)),
            Err(local) => local,
        };
        let found = self.find_shared(user_id, session_id).await;
        let shared = found.as_ref().map(|found| found.generation);
        match found {
            // An answer that took its time may be too old by now.
            Some(Shared {
                left,
                principal: Some(principal),
                ..
            }) if !left.is_zero() => {
                self.local.keep(&principal, local, left);
                Lookup::Hit(Box::new(principal))
            }
            _ => Lookup::Miss(Ticket { local, shared }),
        }
    }

    async fn put(&self, principal: &Principal, ticket: Ticket) {
        // First there, where a replica may have forgotten
        // the user whose message is still on its way here.
        let is_forgotten = match ticket.shared {
            Some(generation) => self.put_shared(principal, generation).await,
            None => false,
        };
        if !is_forgotten {
            self.local.keep(principal, ticket.local, LIFE);
        }
    }

    async fn forget(&self, user_id: Uuid) {
        let mut forget = redis::pipe();
        forget
            .del(self.key(user_id))
            .publish(self.channel(), user_id.to_string());
        // What is not forgotten is too old within a second.
        let _ = self
            .link
            .call(async |mut redis| forget.query_async::<()>(&mut redis).await)
            .await;
        // Last: until it was deleted there, it could be found there and be kept here.
        self.local.drop_user(user_id);
    }
}
