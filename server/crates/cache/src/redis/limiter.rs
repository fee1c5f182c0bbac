//! Limits that all replicas keep together, by the generic cell rate algorithm: one instant per key.

use std::time::Duration;

use async_trait::async_trait;
use redis::{Script, ScriptInvocation};
use time::OffsetDateTime;
use vestibule_core::MasterKey;
use vestibule_core::ports::{Charge, Decision, Quota, RateLimiter};

use super::link::RedisLink;
use crate::InProcessLimiter;

/// Takes all charges or none. KEYS: one a charge. ARGV: now, then burst and period of each; times in microseconds. Gives
/// the microseconds to wait, or 0, the place of the charge that has to (from 1), and when each quota is full again. What is
/// no number is taken for a full quota, and no instant for one that is further away than an empty quota's: else a clock that
/// was wrong for a moment, or a strange value, would be a lock.
const TAKE: &str = r"
local now, wait, longest, before, after = tonumber(ARGV[1]), 0, 0, {}, {}
for i, key in ipairs(KEYS) do
  local burst, period = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
  local current = tonumber(redis.pcall('GET', key) or now) or now
  before[i] = math.max(now, math.min(now + burst * period, current))
  after[i] = before[i] + period
  local own = after[i] - now - burst * period
  if own > wait then wait, longest = own, i end
end
if wait > 0 then return {wait, longest, before} end
for i, key in ipairs(KEYS) do
  redis.call('SET', key, string.format('%.0f', after[i]), 'PX', math.ceil((after[i] - now) / 1000))
end
return {0, 0, after}";

/// How many replicas keep the documented limit together while Redis is away: each has this part of it.
const REPLICAS: u32 = 4;

/// KEYS and ARGV as above.
const GIVE_BACK: &str = r"
local now = tonumber(ARGV[1])
for i, key in ipairs(KEYS) do
  local full_at = (tonumber(redis.pcall('GET', key) or now) or now) - tonumber(ARGV[2 * i + 1])
  if full_at > now then
    redis.call('SET', key, string.format('%.0f', full_at), 'PX', math.ceil((full_at - now) / 1000))
  else
    redis.call('DEL', key)
  end
end
return 0";

/// A limiter on Redis. While Redis is of no help each replica keeps the limits alone, and stricter; it begins with what Redis
/// said last. Keys are pseudonyms: whoever reads Redis learns nobody's network or address.
pub struct RedisLimiter {
    link: RedisLink,
    secret: MasterKey,
    /// In shares, whose periods are as many times longer as the share is smaller: so the instant at which a quota is full
    /// again is the same for a share of it.
    alone: InProcessLimiter,
    take: Script,
    give_back: Script,
}

impl RedisLimiter {
    /// Replicas with the same master key keep the same counts.
    pub fn new(link: RedisLink, master: &MasterKey) -> Self {
        Self {
            link,
            secret: master.for_use("limits"),
            alone: InProcessLimiter::default(),
            take: Script::new(TAKE),
            give_back: Script::new(GIVE_BACK),
        }
    }

    fn key(&self, charge: &Charge) -> String {
        let pseudonym = self.secret.pseudonym(&charge.key);
        self.link.name(format_args!("limit:{pseudonym}"))
    }

    /// Keeps what Redis said, for when it is away.
    fn note(&self, charges: &[Charge], instants: &[i64], now: OffsetDateTime) {
        let said = charges.iter().zip(instants);
        let said = said.map(|(charge, instant)| (charge.key.as_str(), from_micros(*instant, now)));
        self.alone.note(said, now);
    }

    fn invocation<'a>(
        &self,
        script: &'a Script,
        charges: &[Charge],
        now: OffsetDateTime,
    ) -> ScriptInvocation<'a> {
        let mut invocation = script.prepare_invoke();
        invocation.arg(micros(now));
        for charge in charges {
            invocation.key(self.key(charge));
            invocation.arg(charge.quota.burst);
            invocation.arg(u64::try_from(charge.quota.period.as_micros()).unwrap_or(u64::MAX));
        }
        invocation
    }
}

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[async_trait]
impl RateLimiter for RedisLimiter {
    async fn take(&self, charges: &[Charge], now: OffsetDateTime) -> Result<Decision> {
        let take = self.invocation(&self.take, charges, now);
        let answer = self.link.call(async |mut redis| {
            take.invoke_async::<(u64, usize, Vec<i64>)>(&mut redis)
                .await
        });
        match answer.await {
            Ok((wait, longest, instants)) => {
                self.note(charges, &instants, now);
                Ok(match wait {
                    0 => Decision::Allowed,
                    micros => Decision::Limited {
                        charge: longest.saturating_sub(1),
                        retry_after: Duration::from_micros(micros),
                    },
                })
            }
            Err(_) => self.alone.take(&shares(charges), now).await,
        }
    }

    async fn give_back(&self, charges: &[Charge], now: OffsetDateTime) -> Result<()> {
        let give_back = self.invocation(&self.give_back, charges, now);
        let answer = self
            .link
            .call(async |mut redis| give_back.invoke_async::<u64>(&mut redis).await);
        match answer.await {
            Ok(_) => self.alone.give_back(charges, now).await,
            Err(_) => self.alone.give_back(&shares(charges), now).await,
        }
    }

    async fn reset(&self, charges: &[Charge]) -> Result<()> {
        let mut delete = redis::cmd("DEL");
        for charge in charges {
            delete.arg(self.key(charge));
        }
        // Whether it helps or not: the owner has just proved who they are.
        let _ = self
            .link
            .call(async |mut redis| delete.query_async::<u64>(&mut redis).await)
            .await;
        self.alone.reset(charges).await
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
