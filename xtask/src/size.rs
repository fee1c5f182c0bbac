//! `cargo xtask size`: measures the shipped binary against the project's limits. What its pages
//! weigh is measured by a browser with every run of `cargo xtask test`, from the same files.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::Signal;
use tempfile::TempDir;
use vestibule_daemons::proc::{self, Cmd};
use vestibule_daemons::{free_port, memory_kib};

use crate::build::{self, DIST};

/// At idle. The arenas of the hash threads come on top of it, but they are allocated with the first
/// sign-in: a server that nobody has used has none, so what
/// is measured here compares with the limit as it is.
const MEMORY_LIMIT_KIB: u128 = 30_000_000 / 1024;
const START_LIMIT: Duration = Duration::from_millis(100);
const STARTS: usize = 5;

pub fn run() -> Result<()> {
    build::dist()?;
    let binary = fs::canonicalize(DIST)?;
    let folder = TempDir::with_prefix("vestibule-size-")?;

    // The first start makes the database and the secrets; it serves the measures that do not mind.
    let first = Server::start(&binary, &folder)?;
    thread::sleep(Duration::from_secs(3));
    let memory = memory_kib(first.child.id(), "VmRSS").context("no VmRSS")?;
    first.has_compressed_site()?;
    drop(first);

    let mut best = Duration::MAX;
    for _ in 0..STARTS {
        best = best.min(Server::start(&binary, &folder)?.took);
    }
    let limits = [
        (
            "KiB of memory at rest",
            MEMORY_LIMIT_KIB,
            u128::from(memory),
        ),
        ("ms to first 200", START_LIMIT.as_millis(), best.as_millis()),
    ];
    for (what, limit, measured) in limits {
        println!("{measured} {what}, and the limit is {limit}");
    }
    let is_held = limits.iter().all(|(_, limit, measured)| measured <= limit);
    ensure!(is_held, "a limit is exceeded");
    Ok(())
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
        let is_ready = |answer: String| answer.starts_with("HTTP/1.1 200");
        while !get(port, "/health/ready", "identity").is_ok_and(is_ready) {
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

    /// Whether the file holds the site, in the small form too.
    fn has_compressed_site(&self) -> Result<()> {
        let page = get(self.port, "/login", "identity")?;
        let folder = page
            .split_once("/pkg/")
            .and_then(|(_, rest)| rest.split('/').next())
            .context("the sign-in page names no file of the site")?;
        let script = format!("/pkg/{folder}/vestibule.js");
        let answer = get(self.port, &script, "br")?.to_ascii_lowercase();
        ensure!(
            answer.starts_with("http/1.1 200") && answer.contains("content-encoding: br"),
            "{script} is not served with brotli"
        );
        Ok(())
    }
}

/// Head and body of the answer to a GET, as far as they are text.
fn get(port: u16, path: &str, encoding: &str) -> Result<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept-Encoding: {encoding}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

impl Drop for Server {
    fn drop(&mut self) {
        proc::stop(&mut self.child, Signal::TERM);
    }
}
