//! A server under measurement, and what its requests cost.

use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::Signal;
use tempfile::TempDir;
use vestibule_daemons::proc::{self, Cmd};
use vestibule_daemons::{cpu_time, memory_kib};

use super::client::{Client, Done, drive};

/// A running server. It ends with this value.
pub struct Server {
    child: Child,
    pub port: u16,
    /// From the start of the process to the first 200.
    pub start: Duration,
}

impl Server {
    /// Waits until a GET of the path is answered by 200.
    pub fn start(name: &str, mut command: Cmd, port: u16, path: &str) -> Result<Self> {
        let started = Instant::now();
        let mut server = Self {
            child: command.spawn()?,
            port,
            start: Duration::ZERO,
        };
        let ready = || Client::connect(port)?.get(path, "");
        while !ready().is_ok_and(|status| status == 200) {
            if server.child.try_wait()?.is_some() {
                bail!("{name} ended before it was ready");
            }
            if started.elapsed() > Duration::from_mins(1) || proc::interrupted() {
                bail!("{name} is not ready after a minute");
            }
            thread::sleep(Duration::from_millis(1));
        }
        server.start = started.elapsed();
        Ok(server)
    }

    /// KiB that are resident now, and at most since the start.
    pub fn memory_kib(&self) -> Result<[u64; 2]> {
        let process = self.child.id();
        let field = |name| memory_kib(process, name).context("no memory of the server");
        Ok([field("VmRSS")?, field("VmHWM")?])
    }

    pub fn cpu(&self) -> Duration {
        cpu_time(self.child.id())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        proc::stop(&mut self.child, Signal::TERM);
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

/// Measures what the clients do. `cpu` is what the server has used by now, and its database.
pub fn measure<C: FnMut() -> Result<()> + Send>(
    [backing, request]: [&'static str; 2],
    clients: Vec<C>,
    time: Duration,
    cpu: impl Fn() -> (Duration, Option<Duration>),
) -> Result<Row> {
    let count = clients.len();
    let before = cpu();
    let done = drive(clients, time)?;
    // What was put off is written within this time, and belongs to the requests.
    thread::sleep(Duration::from_millis(500));
    let after = cpu();
    ensure!(!proc::interrupted(), "interrupted");
    let database = after.1.zip(before.1);
    let row = Row {
        backing,
        request,
        clients: count,
        done,
        server: after.0.saturating_sub(before.0),
        database: database.map(|(after, before)| after.saturating_sub(before)),
    };
    println!("{request}: {:.0} a second", row.done.per_second());
    Ok(row)
}

/// A folder on a disk, as the database of a server is.
pub fn folder() -> Result<TempDir> {
    Ok(tempfile::Builder::new()
        .prefix("vestibule-bench-")
        .tempdir_in("/var/tmp")?)
}
