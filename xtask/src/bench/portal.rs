//! A portal under measurement, with what it costs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::Signal;
use serde_json::json;
use tempfile::TempDir;
use vestibule_daemons::proc::{self, Cmd};
use vestibule_daemons::{Postgres, Redis, cpu_time, free_port, memory_kib};

use super::client::{Client, Done, drive};
use crate::frontend::SITE;
use crate::tools::target_folder;

pub const PASSWORD: &str = "violet harbour quartz 42";

/// What the portal keeps its accounts in.
pub struct Backing {
    pub name: &'static str,
    pub postgres: Option<Postgres>,
    pub redis: Option<Redis>,
    folder: TempDir,
}

impl Backing {
    pub fn new(
        name: &'static str,
        postgres: Option<Postgres>,
        redis: Option<Redis>,
    ) -> Result<Self> {
        // On a disk, as the database of a portal is.
        let folder = tempfile::Builder::new()
            .prefix("vestibule-bench-")
            .tempdir_in("/var/tmp")?;
        if let Some(postgres) = &postgres {
            postgres.create("portal")?;
        }
        Ok(Self {
            name,
            postgres,
            redis,
            folder,
        })
    }

    fn command(&self, binary: &Path, [port, private]: [u16; 2]) -> Cmd {
        let data = self.folder.path().join("data");
        let mut command = Cmd::new(binary)
            .arg("serve")
            .dir(self.folder.path())
            .without_settings()
            .env("VESTIBULE_MODE", "development")
            .env("VESTIBULE_RATE_LIMITS", "off")
            .env("VESTIBULE_LISTEN", format!("127.0.0.1:{port}"))
            .env("VESTIBULE_PRIVATE_LISTEN", format!("127.0.0.1:{private}"))
            .env("VESTIBULE_DATA_DIR", data);
        if let Ok(site) = fs::canonicalize(SITE) {
            command = command.env("VESTIBULE_SITE_DIR", site);
        }
        if let Some(postgres) = &self.postgres {
            command = command.env(
                "DATABASE_URL",
                format!("{}?sslmode=disable", postgres.url("portal")),
            );
        }
        if let Some(redis) = &self.redis {
            command = command.env("REDIS_URL", redis.url());
        }
        // The log is written as in production, and read by nobody.
        command
            .command()
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }
}

/// A running portal. It ends with this value.
pub struct Portal<'a> {
    child: Child,
    pub port: u16,
    pub backing: &'a Backing,
    /// From the start of the process to the first 200 of `/health/ready`.
    pub start: Duration,
}

impl<'a> Portal<'a> {
    pub fn start(binary: &Path, backing: &'a Backing) -> Result<Self> {
        let port = free_port()?;
        let mut command = backing.command(binary, [port, free_port()?]);
        let started = Instant::now();
        let mut portal = Self {
            child: command.spawn()?,
            port,
            backing,
            start: Duration::ZERO,
        };
        let ready = || Client::connect(port)?.get("/health/ready", None);
        while !ready().is_ok_and(|status| status == 200) {
            if portal.child.try_wait()?.is_some() {
                bail!("the portal on {} ended before it was ready", backing.name);
            }
            if started.elapsed() > Duration::from_mins(1) || proc::interrupted() {
                bail!("the portal on {} is not ready after a minute", backing.name);
            }
            thread::sleep(Duration::from_millis(1));
        }
        portal.start = started.elapsed();
        Ok(portal)
    }

    /// KiB that are resident now, and at most since the start.
    pub fn memory_kib(&self) -> Result<[u64; 2]> {
        let process = self.child.id();
        let field = |name| memory_kib(process, name).context("no memory of the portal");
        Ok([field("VmRSS")?, field("VmHWM")?])
    }

    /// Registers so many accounts, and gives the tokens of each.
    pub fn register(&self, accounts: usize) -> Result<Vec<Tokens>> {
        let mut client = Client::connect(self.port)?;
        let mut all = Vec::new();
        for number in 0..accounts {
            let body = json!({ "email": email(number), "password": PASSWORD });
            let status = client.post("/register", &body)?;
            ensure!(status == 201, "a registration was answered by {status}");
            all.push(Tokens::read(&client)?);
        }
        Ok(all)
    }

    /// Measures what the clients do.
    pub fn measure<C: FnMut() -> Result<()> + Send>(
        &self,
        request: &'static str,
        clients: Vec<C>,
        time: Duration,
    ) -> Result<Row> {
        let count = clients.len();
        let before = self.cpu();
        let done = drive(clients, time)?;
        // What was put off is written within this time, and belongs to the requests.
        thread::sleep(Duration::from_millis(500));
        let after = self.cpu();
        ensure!(!proc::interrupted(), "interrupted");
        let [server, database] = [0, 1].map(|it| after[it].saturating_sub(before[it]));
        Ok(Row {
            backing: self.backing.name,
            request,
            clients: count,
            done,
            server,
            database: self.backing.postgres.is_some().then_some(database),
        })
    }

    /// Of the server, and of its database.
    fn cpu(&self) -> [Duration; 2] {
        let database = self.backing.postgres.as_ref();
        [
            cpu_time(self.child.id()),
            database.map(Postgres::cpu_time).unwrap_or_default(),
        ]
    }
}

impl Drop for Portal<'_> {
    fn drop(&mut self) {
        proc::stop(&mut self.child, Signal::TERM);
    }
}

pub fn email(number: usize) -> String {
    format!("user-{number}@example.org")
}

#[derive(Clone)]
pub struct Tokens {
    pub access: String,
    pub refresh: String,
}

impl Tokens {
    pub fn read(client: &Client) -> Result<Self> {
        let json = client.json()?;
        let text = |name: &str| json[name].as_str().map(str::to_owned).context("no token");
        Ok(Self {
            access: text("access_token")?,
            refresh: text("refresh_token")?,
        })
    }
}

/// What was measured of one kind of request.
pub struct Row {
    pub backing: &'static str,
    pub request: &'static str,
    pub clients: usize,
    pub done: Done,
    pub server: Duration,
    pub database: Option<Duration>,
}

impl Row {
    /// Milliseconds of processor time of a request.
    pub fn cpu(&self, time: Duration) -> f64 {
        time.as_secs_f64() * 1000.0 / f64::from(self.done.requests.max(1))
    }

    /// Of the server and its database together.
    pub fn cpu_of_both(&self) -> f64 {
        self.cpu(self.server) + self.cpu_of_database()
    }

    pub fn cpu_of_database(&self) -> f64 {
        self.cpu(self.database.unwrap_or_default())
    }

    /// Two measures of the same as one. Of one request it keeps the lower time.
    pub fn sum(self, other: &Self) -> Self {
        let database = self.database.zip(other.database);
        Self {
            done: Done {
                requests: self.done.requests + other.done.requests,
                took: self.done.took + other.done.took,
                median: self.done.median.min(other.done.median),
            },
            server: self.server + other.server,
            database: database.map(|(one, two)| one + two),
            ..self
        }
    }
}

/// Builds the portal as it is measured, and the program that hashes and does nothing else; gives
/// their folder.
pub fn build() -> Result<PathBuf> {
    for what in ["vestibule", "vestibule-core --example hash_rate"] {
        Cmd::line(&format!(
            "cargo build --locked --profile measured --package {what}"
        ))
        .run()?;
    }
    Ok(target_folder()?.join("measured"))
}
