//! Three replicas of the portal with all that they need, each part of which can be broken.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use vestibule_daemons::{Line, Postgres, Proxy, Redis, free_port, proc};
use vestibule_testkit::{SmtpPeer, SmtpScript};

use crate::http::Door;
use crate::support::{Deployment, MASTER_KEY, Running, every_invariant_holds, get};
use crate::world::World;

/// The one that operators get as an example.
const PROXY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/haproxy/haproxy.cfg");
/// How many there are.
pub const REPLICAS: usize = 3;
/// Between SIGTERM and the end of accepting: longer than two checks of the proxy.
const GRACE_SECONDS: &str = "2";
/// A part is back, and the portal with it (I9).
pub const RECOVERY_TIME: Duration = Duration::from_secs(10);

/// Fields are dropped in this order: the replicas first.
pub struct Fleet {
    pub replicas: Vec<Replica>,
    pub proxy: Proxy,
    pub redis: Redis,
    pub postgres: Postgres,
    pub lines: Lines,
    pub runtime: Runtime,
    pub world: Arc<World>,
    database: String,
    folder: TempDir,
}

/// By which all replicas but the first reach PostgreSQL and Redis.
pub struct Lines {
    pub postgres: Line,
    pub redis: Line,
}

pub struct Replica {
    pub address: SocketAddr,
    /// Whether it reaches PostgreSQL and Redis by lines that can go silent.
    pub has_lines: bool,
    deployment: Deployment,
    running: Option<Running>,
    log: PathBuf,
}

/// What simulated users connect to.
pub enum Doors {
    Replicas,
    Proxy,
    /// What is put before the replicas later.
    Others(Vec<Door>),
}

impl Fleet {
    /// Starts everything and waits until it is ready.
    /// `settings` are added to those of all replicas.
    pub fn start(doors: Doors, settings: &[(&'static str, &str)]) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let postgres = Postgres::start().unwrap();
        let redis = Redis::start().unwrap();
        let database = postgres.create("replicas").unwrap();
        let lines = Lines {
            postgres: Line::to(postgres.address()).unwrap(),
            redis: Line::to(redis.address()).unwrap(),
        };
        let mails = runtime.block_on(SmtpPeer::start(SmtpScript::Accept, ""));
        let addresses =
            [(); REPLICAS].map(|()| SocketAddr::from(([127, 0, 0, 1], free_port().unwrap())));
        let proxy = Proxy::plain(Path::new(PROXY), addresses).unwrap();
        let folder = TempDir::with_prefix("vestibule-replicas-").unwrap();
        let doors = match doors {
            Doors::Replicas => addresses.map(Door::from).to_vec(),
            Doors::Proxy => vec![Door::from(proxy.address())],
            Doors::Others(doors) => doors,
        };
        let mut fleet = Self {
            world: World::new(doors, mails),
            replicas: Vec::new(),
            proxy,
            redis,
            postgres,
            lines,
            runtime,
            database,
            folder,
        };
        let replicas = addresses.iter().enumerate();
        fleet.replicas = replicas
            .map(|(number, address)| fleet.replica(number, *address, settings))
            .collect();
        // At once, so that all find an empty database.
        thread::scope(|scope| {
            for replica in &mut fleet.replicas {
                scope.spawn(|| replica.start());
            }
        });
        fleet.wait_for_proxy();
        fleet
    }

    fn replica(
        &self,
        number: usize,
        address: SocketAddr,
        settings: &[(&'static str, &str)],
    ) -> Replica {
        let has_lines = number > 0;
        let (postgres, redis) = (&self.postgres, &self.redis);
        let database = by_line(
            &self.database,
            postgres.address(),
            &self.lines.postgres,
            has_lines,
        );
        let redis = by_line(&redis.url(), redis.address(), &self.lines.redis, has_lines);
        let smtp = format!("smtp://127.0.0.1:{}", self.world.mails.port());
        let mut deployment = Deployment::new()
            .with("VESTIBULE_LISTEN", &address.to_string())
            .with("PUBLIC_URL", &format!("http://{}", self.proxy.address()))
            .with("DATABASE_URL", &database)
            .with("REDIS_URL", &redis)
            .with("SMTP_URL", &smtp)
            .with("VESTIBULE_MASTER_KEY", MASTER_KEY)
            .with("VESTIBULE_TRUSTED_PROXIES", "127.0.0.1/32")
            .with("VESTIBULE_RATE_LIMITS", "on")
            .with("VESTIBULE_SHUTDOWN_GRACE_SECONDS", GRACE_SECONDS)
            .with("VESTIBULE_LOG", "warn")
            .with("VESTIBULE_LOG_FORMAT", "json");
        for (name, value) in settings {
            deployment = deployment.with(name, value);
        }
        Replica {
            address,
            has_lines,
            deployment,
            running: None,
            log: self.folder.path().join(format!("replica-{number}.log")),
        }
    }

    /// It may have looked before they were ready.
    fn wait_for_proxy(&self) {
        let started = Instant::now();
        while status(self.proxy.address(), "/health/ready") != Some(200) {
            assert!(
                started.elapsed() < RECOVERY_TIME,
                "the proxy finds no replica"
            );
            pause(Duration::from_millis(50));
        }
        // And it looks once a second.
        pause(Duration::from_millis(1200));
    }

    /// Waits until readiness is `status` on all replicas that run, and says how long that took.
    #[track_caller]
    pub fn wait_for_readiness(&self, status: u16, limit: Duration) -> Duration {
        self.wait_for_each(|_| status, limit)
    }

    /// The same with a status for each.
    #[track_caller]
    pub fn wait_for_each(&self, expected: impl Fn(&Replica) -> u16, limit: Duration) -> Duration {
        let started = Instant::now();
        let running = self.replicas.iter().filter(|it| it.running.is_some());
        let expected: Vec<_> = running.map(|replica| Some(expected(replica))).collect();
        loop {
            let ready = self.readiness();
            if ready == expected {
                return started.elapsed();
            }
            assert!(
                started.elapsed() < limit,
                "/health/ready is {ready:?} and not {expected:?} after {limit:?}"
            );
            pause(Duration::from_millis(20));
        }
    }

    /// What each running replica says, asked at the same time.
    fn readiness(&self) -> Vec<Option<u16>> {
        let running = self.replicas.iter().filter(|it| it.running.is_some());
        let ask = |address| {
            let live = status(address, "/health/live");
            assert_eq!(live, Some(200), "/health/live whatever is broken");
            status(address, "/health/ready")
        };
        thread::scope(|scope| {
            let asking: Vec<_> = running
                .map(|replica| scope.spawn(|| ask(replica.address)))
                .collect();
            let answers = asking.into_iter().map(|asking| asking.join().unwrap());
            answers.collect()
        })
    }

    /// Runs statements past the portal.
    pub fn execute(&self, sql: &str) {
        self.runtime.block_on(async {
            let mut connection = PgConnection::connect(&self.database).await.unwrap();
            let sql = AssertSqlSafe(sql.to_owned());
            sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        });
    }

    /// `select count(*)` and the rest of a query.
    pub fn count(&self, rest: &str) -> i64 {
        self.runtime.block_on(async {
            let mut connection = PgConnection::connect(&self.database).await.unwrap();
            let sql = AssertSqlSafe(format!("select count(*) {rest}"));
            let count = sqlx::query_scalar(sql).fetch_one(&mut connection).await;
            count.unwrap()
        })
    }

    /// What `vestibule verify` finds, which is nothing.
    pub fn verify(&self) {
        every_invariant_holds(&self.replicas[0].deployment);
    }

    /// The lines of all logs. Each is one JSON object, and none holds a secret (I12).
    pub fn log_lines(&self, secrets: &BTreeSet<String>) -> Vec<String> {
        let mut lines = Vec::new();
        for replica in &self.replicas {
            let log = fs::read_to_string(&replica.log).unwrap();
            for secret in secrets {
                assert!(!log.contains(secret.as_str()), "a secret is in the log");
            }
            lines.extend(log.lines().map(str::to_owned));
        }
        for line in &lines {
            let parsed = serde_json::from_str::<serde_json::Map<_, _>>(line);
            assert!(parsed.is_ok(), "no JSON object: {line}");
        }
        lines
    }

    /// Leaves the logs for finding the cause of a failure.
    pub fn keep_logs(&mut self) -> &Path {
        self.folder.disable_cleanup(true);
        self.folder.path()
    }
}

impl Replica {
    /// Where metrics are.
    pub fn private_address(&self) -> SocketAddr {
        self.deployment.private_address()
    }

    pub fn start(&mut self) {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.log)
            .unwrap();
        let mut command = self.deployment.command(&[]);
        command.stdout(log.try_clone().unwrap()).stderr(log);
        self.running = Some(self.deployment.start_by(&mut command));
    }

    pub fn kill(&mut self) {
        if let Some(mut running) = self.running.take() {
            running.child.kill().unwrap();
            running.child.wait().unwrap();
        }
    }

    /// SIGTERM, as an orchestrator stops it; waits for the end.
    pub fn stop(&mut self) {
        let running = self.running.take().unwrap();
        assert_eq!(running.terminate(), Some(0));
    }

    pub fn process_id(&self) -> u32 {
        self.running.as_ref().unwrap().child.id()
    }
}

/// A URL that leads to the server by the line, for who has one.
fn by_line(url: &str, server: SocketAddr, line: &Line, has_line: bool) -> String {
    let address = if has_line { line.address() } else { server };
    url.replace(&server.to_string(), &address.to_string())
}

/// The status of a GET, if there is an answer.
pub fn status(address: SocketAddr, path: &str) -> Option<u16> {
    get(address, path).ok().map(|answer| answer.status)
}

/// Sleeps, unless the run is interrupted; then everything is put away.
pub fn pause(time: Duration) {
    let started = Instant::now();
    loop {
        assert!(!proc::interrupted(), "interrupted");
        let left = time.saturating_sub(started.elapsed());
        if left.is_zero() {
            return;
        }
        thread::sleep(left.min(Duration::from_millis(50)));
    }
}
