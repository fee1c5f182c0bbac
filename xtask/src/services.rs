//! Throw-away database servers: each in a temporary folder, on a free port of 127.0.0.1, ended with us.

use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::Signal;
use tempfile::TempDir;

use crate::proc::{self, Cmd, find};

const START_LIMIT: Duration = Duration::from_mins(1);

/// A port that was free a moment ago.
pub fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("no free port on 127.0.0.1")?;
    Ok(listener.local_addr()?.port())
}

/// In the system's folder for such things: a checkout under /root could not be entered by another account.
pub fn temporary_folder(name: &str) -> Result<TempDir> {
    let folder = tempfile::Builder::new()
        .prefix(&format!("vestibule-{name}-"))
        .tempdir()?;
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700))?;
    Ok(folder)
}

/// Whom a server runs as: ourselves, or a user and group that root steps down to.
#[derive(Clone, Copy)]
pub struct Account(pub Option<(u32, u32)>);

impl Account {
    /// The command that runs as this account.
    pub fn command(self, program: &str) -> Cmd {
        self.wrapped(program, &[])
    }

    fn wrapped(self, program: &str, more: &[&str]) -> Cmd {
        let mut options: Vec<String> = more.iter().map(ToString::to_string).collect();
        if let Some((user, group)) = self.0 {
            options.extend([
                format!("--reuid={user}"),
                format!("--regid={group}"),
                "--clear-groups".to_owned(),
            ]);
        }
        if options.is_empty() || find(&["setpriv"]).is_none() {
            return Cmd::new(program);
        }
        Cmd::new("setpriv").args(options).arg(program)
    }
}

/// A server with its folder; both go when it is dropped.
pub struct Daemon {
    child: Child,
    folder: TempDir,
}

impl Daemon {
    pub fn start(program: &str, account: Account, folder: TempDir, args: &[&str]) -> Result<Self> {
        let log = File::create(folder.path().join("log"))?;
        // Even if we are killed outright, the server is told to end. `setpriv` arranges it: here it takes unsafe code.
        let mut command = account
            .wrapped(program, &["--pdeathsig=INT"])
            .args(args)
            .dir(folder.path());
        command
            .command()
            .stdout(Stdio::from(log.try_clone()?))
            .stderr(Stdio::from(log));
        Ok(Self {
            child: command.spawn()?,
            folder,
        })
    }

    pub fn wait_until(&mut self, ready: impl Fn() -> bool) -> Result<()> {
        let start = Instant::now();
        while !ready() {
            if self.child.try_wait()?.is_some() || start.elapsed() > START_LIMIT {
                let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
                bail!(
                    "the server did not start; its last words: {}",
                    log.lines().last().unwrap_or("none")
                );
            }
            if proc::interrupted() {
                bail!("interrupted");
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // To PostgreSQL this is the fast shutdown, to Redis simply the end.
        proc::stop(&mut self.child, Signal::INT);
    }
}

/// A Redis of our own that keeps nothing.
pub struct Redis {
    _daemon: Daemon,
    port: u16,
}

impl Redis {
    pub fn start() -> Result<Self> {
        let port = free_port()?;
        let args = [
            "--bind",
            "127.0.0.1",
            "--port",
            &port.to_string(),
            "--save",
            "",
            "--appendonly",
            "no",
        ];
        let folder = temporary_folder("redis")?;
        let mut daemon = Daemon::start("redis-server", Account(None), folder, &args)?;
        daemon
            .wait_until(|| TcpStream::connect(("127.0.0.1", port)).is_ok())
            .context("Redis")?;
        Ok(Self {
            _daemon: daemon,
            port,
        })
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }
}
