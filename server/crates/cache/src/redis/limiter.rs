//! Limits that all replicas keep together, by the generic cell rate algorithm: one instant per key.
//!
//! Redis may lose its counts (FLUSHALL, a restart). Therefore it keeps an epoch beside them, a
//! number at random without an expiry, and each replica keeps what Redis said of a key with the
//! epoch of the answer. It is sent along with the key: under another epoch the script takes the
//! later instant. What a replica has counted alone has no epoch, and is taken over alike. Each
//! replica remembers only what passed through it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use redis::{Script, ScriptInvocation};
use time::OffsetDateTime;
use vestibule_core::MasterKey;
use vestibule_core::ports::{Charge, Decision, Quota, Random, RateLimiter};

use super::epochs::Epochs;
use super::link::{RedisLink, Unreachable};
use super::resets::{Reset, Resets};
use crate::InProcessLimiter;
use crate::in_process::Count;

/// Both scripts begin with it. KEYS: the epoch, one a charge, then those to be reset first. ARGV:
/// now, a new epoch if there is none, then of each charge burst, period, and the instant that the
/// caller remembers with its epoch (or 0 and 0); times in microseconds. What is no epoch is
/// replaced. What is no number is taken for a full quota, and no instant for one that is further
/// away than an empty quota's: else a clock that was wrong for a moment,
/// or a strange value, would be a lock.
const BEGIN: &str = r"
local now, charges = tonumber(ARGV[1]), (#ARGV - 2) / 4
for i = charges + 2, #KEYS do redis.call('DEL', KEYS[i]) end
local epoch = tonumber(redis.pcall('GET', KEYS[1]) or '')
if not (epoch and epoch > 0 and epoch < 2 ^ 53 and epoch % 1 == 0) then
  epoch = tonumber(ARGV[2])
  redis.call('SET', KEYS[1], ARGV[2])
end
local function keep(i, full_at)
  if full_at > now then
    redis.call('SET', KEYS[i + 1], string.format('%.0f', full_at), 'PX', math.ceil((full_at - now) / 1000))
  else
    redis.call('DEL', KEYS[i + 1])
  end
end
local function find(i)
  local period = tonumber(ARGV[4 * i])
  local empty = now + tonumber(ARGV[4 * i - 1]) * period
  local full_at = math.max(now, math.min(empty, tonumber(redis.pcall('GET', KEYS[i + 1]) or now) or now))
  local remembered = math.min(empty, tonumber(ARGV[4 * i + 1]))
  if tonumber(ARGV[4 * i + 2]) ~= epoch and remembered > full_at then
    full_at = remembered
    keep(i, full_at)
  end
  return full_at, period, empty
end";

/// Takes all charges or none. Gives the microseconds to wait, or 0, the place of the charge that
/// has to (from 1), when each quota is full again, and the epoch.
const TAKE: &str = r"
local wait, longest, before, after = 0, 0, {}, {}
for i = 1, charges do
  local full_at, period, empty = find(i)
  before[i], after[i] = full_at, full_at + period
  if after[i] - empty > wait then wait, longest = after[i] - empty, i end
end
if wait > 0 then return {wait, longest, before, epoch} end
for i = 1, charges do keep(i, after[i]) end
return {0, 0, after, epoch}";

/// Gives the same.
const GIVE_BACK: &str = r"
local after = {}
for i = 1, charges do
  local full_at, period = find(i)
  after[i] = full_at - period
  keep(i, after[i])
end
return {0, 0, after, epoch}";

/// What both scripts give.
type Answer = (u64, usize, Vec<i64>, u64);

/// How many replicas keep the documented limit together while Redis is away:
/// each has this part of it.
const REPLICAS: u32 = 4;

/// A limiter on Redis. While Redis is of no help each replica keeps the limits alone, and stricter;
/// it begins with what Redis said last. Keys are pseudonyms:
/// an attacker who reads Redis learns no network or address.
pub struct RedisLimiter {
    link: RedisLink,
    secret: MasterKey,
    random: Arc<dyn Random>,
    /// In shares, whose periods are as many times longer as the share is smaller: so the instant at
    /// which a quota is full again is the same for a share of it.
    alone: InProcessLimiter,
    epochs: Epochs,
    resets: Resets,
    take: Script,
    give_back: Script,
}

impl RedisLimiter {
    /// Replicas with the same master key keep the same counts.
    pub fn new(link: RedisLink, master: &MasterKey, random: Arc<dyn Random>) -> Self {
        Self {
            link,
            secret: master.for_use("limits"),
            random,
            alone: InProcessLimiter::default(),
            epochs: Epochs::default(),
            resets: Resets::default(),
            take: Script::new(&[BEGIN, TAKE].concat()),
            give_back: Script::new(&[BEGIN, GIVE_BACK].concat()),
        }
    }

    fn key(&self, charge: &Charge) -> String {
        let pseudonym = self.secret.pseudonym(&charge.key);
        self.link.name(format_args!("limit:{pseudonym}"))
    }

    /// In 48 bits: the numbers of Lua are exact up to 53.
    fn new_epoch(&self) -> u64 {
        let mut bytes = [0; 8];
        self.random.fill(&mut bytes[..6]);
        u64::from_le_bytes(bytes)
    }

    /// Asks Redis. Keeps what it says, for when it is away or has lost it.
    async fn ask(
        &self,
        script: &Script,
        charges: &[Charge],
        now: OffsetDateTime,
    ) -> std::result::Result<Decision, Unreachable> {
        let resets = self.resets.waiting(Instant::now());
        let invocation = self.invocation(script, charges, &resets, now);
        let ask = async |mut redis| invocation.invoke_async::<Answer>(&mut redis).await;
        let (wait, longest, instants, epoch) = self.link.call(ask).await?;
        self.resets.done(&resets);
        self.note(charges, &instants, epoch, now);
        Ok(match wait {
            0 => Decision::Allowed,
            micros => Decision::Limited {
                charge: longest.saturating_sub(1),
                retry_after: Duration::from_micros(micros),
            },
        })
    }

    fn invocation<'a>(
        &self,
        script: &'a Script,
        charges: &[Charge],
        resets: &[Reset],
        now: OffsetDateTime,
    ) -> ScriptInvocation<'a> {
        let mut invocation = script.prepare_invoke();
        invocation.key(self.link.name(format_args!("limits:epoch")));
        invocation.arg(micros(now)).arg(self.new_epoch());
        for charge in charges {
            let known = self.alone.get(&charge.key);
            invocation
                .key(self.key(charge))
                .arg(charge.quota.burst)
                .arg(u64::try_from(charge.quota.period.as_micros()).unwrap_or(u64::MAX))
                .arg(known.map_or(0, |known| micros(known.full_at)))
                .arg(known.and_then(|known| known.seen_in_epoch).unwrap_or(0));
        }
        for reset in resets {
            invocation.key(&reset.key);
        }
        invocation
    }

    fn note(&self, charges: &[Charge], instants: &[i64], epoch: u64, now: OffsetDateTime) {
        let counts = charges.iter().zip(instants).map(|(charge, instant)| {
            let count = Count {
                full_at: from_micros(*instant, now),
                seen_in_epoch: Some(epoch),
            };
            (charge.key.as_str(), count)
        });
        self.alone.note(counts, now);
        if self.epochs.saw(epoch, Instant::now()) {
            tracing::warn!(
                "Redis has lost its counts: of the limits only what the replicas remember goes on"
            );
        }
    }

    /// Whether Redis does not know yet what was taken last.
    fn was_taken_alone(&self, charge: &Charge) -> bool {
        let known = self.alone.get(&charge.key);
        known.is_some_and(|known| known.seen_in_epoch.is_none())
    }
}

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[async_trait]
impl RateLimiter for RedisLimiter {
    async fn take(&self, charges: &[Charge], now: OffsetDateTime) -> Result<Decision> {
        match self.ask(&self.take, charges, now).await {
            Ok(decision) => Ok(decision),
            Err(_) => self.alone.take(&shares(charges), now).await,
        }
    }

    async fn give_back(&self, charges: &[Charge], now: OffsetDateTime) -> Result<()> {
        // To where it was taken: a share is more than what Redis takes.
        let (alone, shared): (Vec<Charge>, Vec<Charge>) = charges
            .iter()
            .cloned()
            .partition(|charge| self.was_taken_alone(charge));
        self.alone.give_back(&shares(&alone), now).await?;
        if !shared.is_empty() && self.ask(&self.give_back, &shared, now).await.is_err() {
            self.alone.give_back(&shared, now).await?;
        }
        Ok(())
    }

    async fn reset(&self, charges: &[Charge]) -> Result<()> {
        self.alone.reset(charges).await?;
        let now = Instant::now();
        self.resets
            .add(charges.iter().map(|charge| self.key(charge)), now);
        let resets = self.resets.waiting(now);
        if resets.is_empty() {
            return Ok(());
        }
        let mut delete = redis::cmd("DEL");
        for reset in &resets {
            delete.arg(&reset.key);
        }
        let ask = async |mut redis| delete.query_async::<u64>(&mut redis).await;
        // If it fails they wait: the owner has just proved who they are.
        if self.link.call(ask).await.is_ok() {
            self.resets.done(&resets);
        }
        Ok(())
    }
}

fn micros(at: OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1000).unwrap_or(i64::MAX)
}

/// The instant, or `now` for one that is no time.
fn from_micros(micros: i64, now: OffsetDateTime) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1000).unwrap_or(now)
}

/// What a replica that is alone allows of each burst, and of what comes after it.
fn shares(charges: &[Charge]) -> Vec<Charge> {
    let share = |charge: &Charge| Charge {
        key: charge.key.clone(),
        quota: Quota {
            burst: (charge.quota.burst / REPLICAS).max(1),
            period: charge.quota.period * REPLICAS,
        },
    };
    charges.iter().map(share).collect()
}
