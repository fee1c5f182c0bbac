//! The connection to Redis: a deadline on every call, and a circuit breaker before it.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use metrics::{counter, gauge};
use redis::aio::{MultiplexedConnection, PubSub};
use redis::{AsyncConnectionConfig, Client, RedisError, RedisResult};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::timeout;
use tracing::field::Empty;
use vestibule_core::{TRACE_TARGET, fail_span, lock};

use super::breaker::Breaker;
use super::eviction::Eviction;
use super::url::{InvalidRedisUrl, client};

/// The longest that a request waits for Redis, connecting included.
const DEADLINE: Duration = Duration::from_millis(300);

/// Why Redis did not help.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unreachable {
    #[error("Redis is not asked: it did not answer lately")]
    CircuitOpen,
    #[error("Redis did not answer within 300 ms")]
    Deadline,
    #[error("Redis answered with an error")]
    Error(#[source] RedisError),
}

impl Unreachable {
    /// One word for it, as OpenTelemetry's `error.type`.
    fn kind(&self) -> &'static str {
        match self {
            Self::CircuitOpen => "circuit_open",
            Self::Deadline => "timeout",
            Self::Error(_) => "other",
        }
    }
}

/// One connection, shared by all calls of this process.
///
/// Not the driver's `ConnectionManager`: that one keeps a connection on which nothing is answered
/// any more until TCP gives up, and never tries again after one
/// that was refused with an error (a wrong password, for example).
#[derive(Clone)]
pub struct RedisLink(Arc<Inner>);

struct Inner {
    client: Client,
    prefix: String,
    slot: Mutex<Slot>,
    connecting: tokio::sync::Mutex<()>,
    breaker: Breaker,
    eviction: Eviction,
}

/// The connection that there is, and how many there have been: the number of the last one.
#[derive(Default)]
struct Slot {
    generation: u64,
    connection: Option<MultiplexedConnection>,
}

impl RedisLink {
    /// Nothing is connected yet: a Redis that is away is no reason not to start.
    /// Every key and channel begins with `prefix`.
    ///
    /// # Errors
    /// For a URL that cannot be used. Whether it is safe for production is asked of
    /// [`check_redis_url`](crate::check_redis_url).
    pub fn open(url: &SecretString, prefix: &str) -> Result<Self, InvalidRedisUrl> {
        let client = client(url.expose_secret())?;
        Ok(Self(Arc::new(Inner {
            client,
            prefix: prefix.to_owned(),
            slot: Mutex::default(),
            connecting: tokio::sync::Mutex::default(),
            breaker: Breaker::default(),
            eviction: Eviction::default(),
        })))
    }

    /// Whether Redis helps, in at most 300 ms: it takes a write. One that is full,
    /// or has become a read-only replica, does not.
    pub async fn helps(&self) -> bool {
        let mut set = redis::cmd("SET");
        set.arg(self.name(format_args!("health")))
            .arg(1)
            .arg("PX")
            .arg(1000);
        self.call(async |mut redis| set.query_async::<String>(&mut redis).await)
            .await
            .is_ok()
    }

    /// The name of a key or channel.
    pub(super) fn name(&self, rest: fmt::Arguments<'_>) -> String {
        format!("{}:{rest}", self.0.prefix)
    }

    /// Asks Redis, within the deadline and only while it answers at all.
    /// What was sent in vain may still be done later.
    pub(super) async fn call<T, F>(
        &self,
        ask: impl FnOnce(MultiplexedConnection) -> F,
    ) -> Result<T, Unreachable>
    where
        F: Future<Output = RedisResult<T>>,
    {
        let span = tracing::debug_span!(
            target: TRACE_TARGET,
            "redis",
            otel.kind = "client",
            otel.status_code = Empty,
            db.system.name = "redis",
            error.type = Empty,
        );
        if !self.0.breaker.may_call(Instant::now()) {
            fail_span(&span, Unreachable::CircuitOpen.kind());
            return Err(Unreachable::CircuitOpen);
        }
        let mut used = None;
        let asked = async {
            let (generation, connection) = self.connect().await?;
            used = Some(generation);
            ask(connection).await
        };
        let answer = match timeout(DEADLINE, asked).await {
            Ok(answer) => answer.map_err(Unreachable::Error),
            Err(_) => Err(Unreachable::Deadline),
        };
        match &answer {
            Ok(_) => self.note_success(),
            Err(error) => {
                fail_span(&span, error.kind());
                self.note_failure(error, used);
            }
        }
        answer
    }

    /// The connection that there is, or a new one, with its generation;
    /// of parallel callers one makes it.
    async fn connect(&self) -> RedisResult<(u64, MultiplexedConnection)> {
        let present = || {
            let slot = lock(&self.0.slot);
            Some((slot.generation, slot.connection.clone()?))
        };
        if let Some(connection) = present() {
            return Ok(connection);
        }
        let _alone = self.0.connecting.lock().await;
        if let Some(connection) = present() {
            return Ok(connection);
        }
        // The deadline is the caller's.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None);
        let client = &self.0.client;
        let connection = client
            .get_multiplexed_async_connection_with_config(&config)
            .await?;
        self.0.eviction.look(connection.clone());
        let mut slot = lock(&self.0.slot);
        slot.generation += 1;
        slot.connection = Some(connection.clone());
        Ok((slot.generation, connection))
    }

    fn note_success(&self) {
        gauge!("vestibule_redis_up").set(1.0);
        if self.0.breaker.succeeded() {
            tracing::info!("Redis answers again");
        }
    }

    /// Whatever it was, the next call begins with a new connection: the old one may be a dead one,
    /// or lead to a server that has become a read-only replica. Those who wait on it go on waiting;
    /// what they hear late says nothing of the connection that has taken its place.
    fn note_failure(&self, error: &Unreachable, used: Option<u64>) {
        let mut slot = lock(&self.0.slot);
        if used == Some(slot.generation) {
            slot.connection = None;
        }
        drop(slot);
        counter!("vestibule_redis_errors_total").increment(1);
        gauge!("vestibule_redis_up").set(0.0);
        if self.0.breaker.failed(Instant::now()) {
            tracing::error!(
                error = error as &dyn std::error::Error,
                "Redis is of no help: limits are kept by each replica alone and are stricter, and who is signed in is looked up in the database"
            );
        }
    }

    /// A connection of its own, for messages.
    pub(super) async fn subscribe(&self, channel: &str) -> Result<PubSub, Unreachable> {
        let subscribing = async {
            let mut messages = self.0.client.get_async_pubsub().await?;
            messages.subscribe(channel).await?;
            Ok(messages)
        };
        let subscribed = match timeout(DEADLINE, subscribing).await {
            Ok(subscribed) => subscribed.map_err(Unreachable::Error),
            Err(_) => Err(Unreachable::Deadline),
        };
        // Also where nobody calls: what listens tries again for ever.
        gauge!("vestibule_redis_up").set(f64::from(u8::from(subscribed.is_ok())));
        subscribed
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;
    use vestibule_testkit::{redis_prefix, redis_url};

    use super::*;

    #[tokio::test]
    async fn a_late_failure_leaves_the_connection_that_came_after_it() {
        let Some(url) = redis_url() else { return };
        let link = RedisLink::open(&SecretString::from(url), &redis_prefix()).unwrap();
        let id = async || {
            let ask = async |mut redis| {
                let mut ask = redis::cmd("CLIENT");
                ask.arg("ID").query_async::<u64>(&mut redis).await
            };
            link.call(ask).await.unwrap()
        };
        let fail = async |mut redis: MultiplexedConnection| {
            redis::cmd("NONSENSE").query_async::<u64>(&mut redis).await
        };
        let first = id().await;
        let (release, released) = oneshot::channel::<()>();
        let late = link.call(async |redis| {
            released.await.unwrap();
            fail(redis).await
        });
        let meanwhile = async {
            assert!(link.call(fail).await.is_err());
            let second = id().await;
            release.send(()).unwrap();
            second
        };
        let (late, second) = tokio::join!(late, meanwhile);
        assert!(matches!(late, Err(Unreachable::Error(_))), "{late:?}");
        assert_ne!(second, first, "a failure ends its own connection");
        assert_eq!(id().await, second, "and no other one");
    }
}
