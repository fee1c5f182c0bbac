//! `cargo xtask size`: measures the shipped binary against the project's limits.

mod http;
mod page;

use std::fs;
use std::path::Path;
use std::process::{Child, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::Signal;
use tempfile::TempDir;
use vestibule_daemons::proc::{self, Cmd};
use vestibule_daemons::{free_port, memory_kib};

use crate::build::{self, DIST};

/// At idle. The arenas of the hash threads come on top of it, but they are allocated with the first
/// sign-in: a server that nobody has used has none, so what
/// is measured here compares with the limit as it is.
const MEMORY_LIMIT_KIB: u64 = 30_000_000 / 1024;
const START_LIMIT: Duration = Duration::from_millis(100);
const STARTS: usize = 5;
/// Until the form can be submitted.
const FORM_REQUESTS: usize = 3;
const FORM_BYTES: usize = 20_000;
/// Until its islands are alive.
const PAGE_BYTES: usize = 80_000;

pub fn run() -> Result<ExitCode> {
    build::dist()?;
    let binary = fs::canonicalize(DIST)?;
    let folder = tempfile::Builder::new()
        .prefix("vestibule-size-")
        .tempdir()?;
    let mut table = Table::default();

    // The first start makes the database and the secrets; it serves the measures that do not mind.
    let first = Server::start(&binary, &folder)?;
    thread::sleep(Duration::from_secs(3));
    let memory = memory_kib(first.child.id(), "VmRSS").context("no VmRSS")?;
    table.row("idle resident memory", MEMORY_LIMIT_KIB, memory, "KiB");
    let page = page::weigh(first.port, "/login")?;
    drop(first);

    let mut best = Duration::MAX;
    for _ in 0..STARTS {
        best = best.min(Server::start(&binary, &folder)?.took);
    }
    table.row(
        "start to first 200",
        START_LIMIT.as_millis(),
        best.as_millis(),
        "ms",
    );
    table.row("sign-in form: requests", FORM_REQUESTS, page.form.len(), "");
    table.row(
        "sign-in form: compressed",
        FORM_BYTES,
        page::total(&page.form),
        "bytes",
    );
    let whole = page::total(&page.form) + page::total(&page.islands);
    table.row("sign-in page with islands", PAGE_BYTES, whole, "bytes");

    println!("\nThe sign-in page is made of:");
    for part in page.form.iter().chain(&page.islands) {
        println!("  {:>7} bytes  {}", part.bytes, part.path);
    }
    println!();
    Ok(table.print())
}

/// A portal of the shipped binary in a folder of its own.
struct Server {
    child: Child,
    port: u16,
    /// From the start of the process to the first 200 of `/health/ready`.
    took: Duration,
}

impl Server {
    fn start(binary: &Path, folder: &TempDir) -> Result<Self> {
        let port = free_port()?;
        let mut command = Cmd::new(binary)
            .dir(folder.path())
            .without_settings()
            .env("VESTIBULE_LISTEN", format!("127.0.0.1:{port}"))
            .env(
                "VESTIBULE_PRIVATE_LISTEN",
                format!("127.0.0.1:{}", free_port()?),
            )
            .env("VESTIBULE_DATA_DIR", folder.path().join("data"));
        command.command().stdout(Stdio::null());
        let start = Instant::now();
        let mut server = Self {
            child: command.spawn()?,
            port,
            took: Duration::ZERO,
        };
        while !http::get(port, "/health/ready", None).is_ok_and(|answer| answer.status == 200) {
            if server.child.try_wait()?.is_some() {
                bail!("{} ended before it was ready", binary.display());
            }
            if start.elapsed() > Duration::from_mins(1) || proc::interrupted() {
                bail!("{} is not ready after a minute", binary.display());
            }
            thread::sleep(Duration::from_millis(2));
        }
        server.took = start.elapsed();
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        proc::stop(&mut self.child, Signal::TERM);
    }
}

#[derive(Default)]
struct Table {
    rows: Vec<String>,
    exceeded: bool,
}

impl Table {
    fn row<N: TryInto<u64>>(&mut self, name: &str, limit: N, measured: N, unit: &str) {
        let [limit, measured] =
            [limit, measured].map(|number| number.try_into().unwrap_or(u64::MAX));
        let verdict = if measured <= limit { "ok" } else { "EXCEEDED" };
        self.exceeded |= measured > limit;
        self.rows.push(format!(
            "{name:<28} {limit:>8} {measured:>9} {unit:<6} {verdict}"
        ));
    }

    fn print(self) -> ExitCode {
        println!("{:<28} {:>8} {:>9}", "", "limit", "measured");
        for row in &self.rows {
            println!("{row}");
        }
        if self.exceeded {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        }
    }
}
