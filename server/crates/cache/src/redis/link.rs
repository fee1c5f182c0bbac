//! The connection to Redis: a deadline on every call, and a circuit breaker before it.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use metrics::{counter, gauge};
use redis::aio::{MultiplexedConnection, PubSub};
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, IntoConnectionInfo as _, RedisError,
    RedisResult, TlsCertificates,
};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::timeout;
use tracing::field::Empty;
use url::Url;
use vestibule_core::{TRACE_TARGET, fail_span, is_loopback};

use super::breaker::Breaker;

/// The longest that a request waits for Redis, connecting included.
const DEADLINE: Duration = Duration::from_millis(300);

/// `REDIS_URL` is of no use.
#[derive(Debug, thiserror::Error)]
pub enum InvalidRedisUrl {
    /// The message does not repeat the URL, which may hold a password.
    #[error("must be redis://[user:password@]host[:port][/database], or rediss:// for TLS")]
    Malformed,
    #[error(
        "names a Redis on another machine, which production reaches over TLS: write rediss:// instead of redis://"
    )]
    NotEncrypted,
    #[error("has #insecure, and an encrypted connection checks the certificate: take it away")]
    NotVerified,
    #[error("has an sslrootcert that names a file which cannot be read: {0}")]
    RootCertificate(io::Error),
    #[error("has the parameter `{0}`, which is not known or not for this kind of connection")]
    UnknownParameter(String),
}

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
/// Not the driver's `ConnectionManager`: that one keeps a connection on which nothing is answered any more until TCP
/// gives up, and never tries again after one that was refused with an error (a wrong password, for example).
#[derive(Clone)]
pub struct RedisLink(Arc<Inner>);

struct Inner {
    client: Client,
    prefix: String,
    slot: Mutex<Slot>,
    connecting: tokio::sync::Mutex<()>,
    breaker: Breaker,
}

/// The connection that there is, and how many there have been: the number of the last one.
#[derive(Default)]
struct Slot {
    generation: u64,
    connection: Option<MultiplexedConnection>,
}

impl fmt::Debug for RedisLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RedisLink")
    }
}

impl RedisLink {
    /// Nothing is connected yet: a Redis that is away is no reason not to start. Every key and channel begins with `prefix`.
    ///
    /// # Errors
    /// For a URL that cannot be used. Whether it is safe for production is asked of [`RedisLink::validate`].
    pub fn open(url: &SecretString, prefix: &str) -> Result<Self, InvalidRedisUrl> {
        let client = client(url.expose_secret())?;
        Ok(Self(Arc::new(Inner {
            client,
            prefix: prefix.to_owned(),
            slot: Mutex::default(),
            connecting: tokio::sync::Mutex::default(),
            breaker: Breaker::default(),
        })))
    }

    /// What is wrong with a URL, if anything.
    ///
    /// # Errors
    /// Also, with `is_production`, where passwords or limits would travel in clear.
    pub fn validate(url: &SecretString, is_production: bool) -> Result<(), InvalidRedisUrl> {
        let info = url
            .expose_secret()
            .into_connection_info()
            .map_err(|_| InvalidRedisUrl::Malformed)?;
        check_parameters(url.expose_secret())?;
        root_certificate(url.expose_secret())?;
        match info.addr() {
            ConnectionAddr::TcpTls { insecure: true, .. } => Err(InvalidRedisUrl::NotVerified),
            ConnectionAddr::Tcp(host, _) if is_production && !is_loopback(host) => {
                Err(InvalidRedisUrl::NotEncrypted)
            }
            _ => Ok(()),
        }
    }

    /// Whether Redis helps, in at most 300 ms: it takes a write. One that is full, or has become a read-only replica, does not.
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

    /// Asks Redis, within the deadline and only while it answers at all. What was sent in vain may still be done later.
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

    fn slot(&self) -> MutexGuard<'_, Slot> {
        self.0.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection that there is, or a new one, with its generation; of parallel callers one makes it.
    async fn connect(&self) -> RedisResult<(u64, MultiplexedConnection)> {
        let present = || {
            let slot = self.slot();
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
        let mut slot = self.slot();
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

    /// Whatever it was, the next call begins with a new connection: the old one may be a dead one, or lead to a server that
    /// has become a read-only replica. Those who wait on it go on waiting; what they hear late says nothing of the connection
    /// that has taken its place.
    fn note_failure(&self, error: &Unreachable, used: Option<u64>) {
        let mut slot = self.slot();
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

/// A client that believes the authorities of `sslrootcert` where the URL names them, and the public ones otherwise.
fn client(url: &str) -> Result<Client, InvalidRedisUrl> {
    let client = match root_certificate(url)? {
        Some(root_cert) => {
            let certificates = TlsCertificates {
                client_tls: None,
                root_cert: Some(root_cert),
            };
            Client::build_with_tls(url, certificates)
        }
        None => Client::open(url),
    };
    client.map_err(|_| InvalidRedisUrl::Malformed)
}

/// The driver passes over a parameter that it does not know.
fn check_parameters(url: &str) -> Result<(), InvalidRedisUrl> {
    let url = Url::parse(url).map_err(|_| InvalidRedisUrl::Malformed)?;
    let known: &[&str] = match url.scheme() {
        "redis" | "valkey" => &["protocol"],
        "rediss" | "valkeys" => &["protocol", "sslrootcert"],
        _ => &["db", "pass", "protocol", "user"],
    };
    let mut parameters = url.query_pairs();
    match parameters.find(|(name, _)| !known.contains(&&**name)) {
        Some((name, _)) => Err(InvalidRedisUrl::UnknownParameter(name.into_owned())),
        None => Ok(()),
    }
}

/// The file that the URL names as a PostgreSQL URL does: `rediss://host?sslrootcert=FILE`.
fn root_certificate(url: &str) -> Result<Option<Vec<u8>>, InvalidRedisUrl> {
    let url = Url::parse(url).map_err(|_| InvalidRedisUrl::Malformed)?;
    let file = url
        .query_pairs()
        .find_map(|(name, value)| (name == "sslrootcert").then_some(value));
    file.map(|file| std::fs::read(&*file))
        .transpose()
        .map_err(InvalidRedisUrl::RootCertificate)
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

    #[test]
    fn urls_are_judged() {
        let judge =
            |url: &str, is_production| RedisLink::validate(&SecretString::from(url), is_production);
        for url in [
            "redis://127.0.0.1",
            "redis://localhost:6380/2",
            "redis://[::1]:6379",
            "rediss://:fake-password@redis.example.org:6379",
            "unix:///run/redis.sock",
        ] {
            judge(url, true).unwrap();
        }
        judge("redis://redis.example.org", false).unwrap();
        for url in ["redis://redis.example.org", "redis://10.0.0.5:6379"] {
            let judged = judge(url, true);
            assert!(
                matches!(judged, Err(InvalidRedisUrl::NotEncrypted)),
                "{url}"
            );
        }
        for url in [
            "rediss://localhost?sslrootcrt=/ca.pem",
            "redis://localhost?sslrootcert=/ca.pem",
            "redis://localhost?db=3",
        ] {
            let judged = judge(url, false);
            assert!(
                matches!(judged, Err(InvalidRedisUrl::UnknownParameter(_))),
                "{url}"
            );
        }
        judge("unix:///run/redis.sock?db=3&user=ann", true).unwrap();
        for is_production in [false, true] {
            let judged = judge("rediss://redis.example.org/#insecure", is_production);
            assert!(matches!(judged, Err(InvalidRedisUrl::NotVerified)));
            for url in [
                "",
                "localhost",
                "http://localhost",
                "redis://localhost:port",
            ] {
                let judged = judge(url, is_production);
                assert!(matches!(judged, Err(InvalidRedisUrl::Malformed)), "{url}");
            }
        }
    }
}
