//! Child processes: one way to start them, to wait for them and to end them.
//!
//! Each child leads a process group of its own. What it leaves behind is ended with it, and an
//! interrupt reaches it through this process, which outlives it, so that
//! its own guards (databases, temporary folders) still run.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use rustix::fs::{StatVfsMountFlags, statvfs};
use rustix::process::{Pid, Signal, kill_process_group};

/// Where the project's own tools are.
pub const TOOLS: &str = "target/tools";

/// How long an interrupted child may take to end by itself.
const GRACE: Duration = Duration::from_secs(15);

static INTERRUPTS: AtomicU32 = AtomicU32::new(0);

/// Has temporary files made in memory, of this process and all children, where there is room for
/// them. The tests make hundreds of databases, and a file system
/// on a disk takes seconds for what takes milliseconds there.
pub fn keep_temporary_files_in_memory() {
    const MEMORY: &str = "/dev/shm";
    const ROOM: u64 = 4 << 30;
    let has_room = statvfs(MEMORY).is_ok_and(|memory| {
        memory.f_bavail * memory.f_frsize >= ROOM
            && !memory.f_flag.contains(StatVfsMountFlags::NOEXEC)
    });
    // A folder that was asked for stays.
    if has_room && env::var_os("TMPDIR").is_none() {
        let _ = tempfile::env::override_temp_dir(Path::new(MEMORY));
    }
}

/// Counts Ctrl-C, a termination request and a closed terminal,
/// instead of dying of them with children alive.
pub fn on_interrupt() -> Result<()> {
    ctrlc::set_handler(|| {
        INTERRUPTS.fetch_add(1, Ordering::Relaxed);
    })
    .context("cannot listen for Ctrl-C")
}

pub fn interrupted() -> bool {
    INTERRUPTS.load(Ordering::Relaxed) > 0
}

/// A command about to run, with the project's own tools first on its PATH.
#[must_use]
pub struct Cmd {
    command: Command,
    limit: Option<Duration>,
}

impl Cmd {
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(program);
        command
            .stdin(Stdio::null())
            .env("PATH", search_path())
            .env("TMPDIR", tempfile::env::temp_dir());
        // Cargo describes the xtask crate in variables; build scripts
        // that watch these variables must not see them change.
        for (name, _) in env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
                command.env_remove(&name);
            }
        }
        Self {
            command,
            limit: None,
        }
    }

    /// A command line without quotes: `Cmd::line("cargo fmt --all")`.
    pub fn line(line: &str) -> Self {
        let mut words = line.split_whitespace();
        Self::new(words.next().unwrap_or_default()).args(words)
    }

    pub fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.command.args(args);
        self
    }

    pub fn arg(self, arg: impl AsRef<OsStr>) -> Self {
        self.args([arg])
    }

    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub fn dir(mut self, dir: impl AsRef<Path>) -> Self {
        self.command.current_dir(dir);
        self
    }

    /// Ends it when it takes longer than this.
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Takes away every setting that could lead the portal to a database,
    /// a mail server or a port of the user's.
    pub fn without_settings(mut self) -> Self {
        const NAMES: [&str; 7] = [
            "DATABASE_URL",
            "REDIS_URL",
            "SMTP_URL",
            "PUBLIC_URL",
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "TEST_POSTGRES_URL",
            "TEST_REDIS_URL",
        ];
        for (name, _) in env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("VESTIBULE_")
                || NAMES
                    .iter()
                    .any(|fixed| text.trim_end_matches("_FILE") == *fixed)
            {
                self.command.env_remove(&name);
            }
        }
        self
    }

    /// Runs it with its output going through; anything but success is an error.
    pub fn run(mut self) -> Result<()> {
        let status = wait(&mut self.spawn()?, self.limit)?;
        self.judge(status)
    }

    /// Runs it with its standard output going through `line` by line.
    pub fn run_lines(mut self, line: impl FnMut(&str) + Send) -> Result<()> {
        let status = self.pump(line)?;
        self.judge(status)
    }

    /// Runs it in silence and returns what it printed.
    pub fn read(mut self) -> Result<String> {
        let mut text = String::new();
        let status = self.pump(|line| {
            text.push_str(line);
            text.push('\n');
        })?;
        self.judge(status)?;
        Ok(text)
    }

    /// Whether it runs and succeeds, in silence.
    pub fn succeeds(mut self) -> bool {
        self.command.stderr(Stdio::null());
        self.read().is_ok()
    }

    /// What it prints, nothing when it fails or does not exist.
    pub fn peek(mut self) -> String {
        self.command.stderr(Stdio::null());
        self.read().unwrap_or_default()
    }

    /// Starts it; the caller waits for it.
    pub fn spawn(&mut self) -> Result<Child> {
        if interrupted() {
            bail!("interrupted");
        }
        self.command
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start `{}`", self.name()))
    }

    pub fn command(&mut self) -> &mut Command {
        &mut self.command
    }

    fn pump(&mut self, mut line: impl FnMut(&str) + Send) -> Result<ExitStatus> {
        self.command.stdout(Stdio::piped());
        let mut child = self.spawn()?;
        let stdout = child
            .stdout
            .take()
            .ok_or_else(|| anyhow!("no output to read from `{}`", self.name()))?;
        thread::scope(|scope| {
            scope.spawn(move || {
                for text in BufReader::new(stdout).split(b'\n').map_while(Result::ok) {
                    line(&String::from_utf8_lossy(&text));
                }
            });
            wait(&mut child, self.limit)
        })
    }

    fn name(&self) -> String {
        let words: Vec<_> = std::iter::once(self.command.get_program())
            .chain(self.command.get_args())
            .map(OsStr::to_string_lossy)
            .collect();
        words.join(" ")
    }

    fn judge(&self, status: ExitStatus) -> Result<()> {
        if interrupted() {
            bail!("interrupted");
        }
        if !status.success() {
            bail!("`{}` failed ({status})", self.name());
        }
        Ok(())
    }
}

/// Waits for a child, passes interrupts on to it, and ends whatever it started and left.
fn wait(child: &mut Child, limit: Option<Duration>) -> Result<ExitStatus> {
    let started = Instant::now();
    let mut signalled: Option<Instant> = None;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        match signalled {
            None if limit.is_some_and(|limit| started.elapsed() > limit) => {
                signal_group(child, Signal::INT);
                signalled = Some(Instant::now());
            }
            None if interrupted() => {
                signal_group(child, Signal::INT);
                signalled = Some(Instant::now());
            }
            // A second Ctrl-C means it.
            Some(since) if INTERRUPTS.load(Ordering::Relaxed) > 1 || since.elapsed() > GRACE => {
                signal_group(child, Signal::KILL);
            }
            _ => {}
        }
        thread::sleep(Duration::from_millis(20));
    };
    signal_group(child, Signal::KILL);
    Ok(status)
}

/// Asks a child to end and waits for it; kills it if it does not listen.
pub fn stop(child: &mut Child, signal: Signal) {
    signal_group(child, signal);
    let start = Instant::now();
    while matches!(child.try_wait(), Ok(None)) {
        if start.elapsed() > GRACE {
            signal_group(child, Signal::KILL);
            let _ = child.wait();
            break;
        }
        thread::sleep(Duration::from_millis(20));
    }
    signal_group(child, Signal::KILL);
}

fn signal_group(child: &Child, signal: Signal) {
    let leader = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    if let Some(leader) = leader {
        // An error says that nobody is left to hear it.
        let _ = kill_process_group(leader, signal);
    }
}

/// Where a program is that can be run.
pub fn find(program: &str) -> Option<PathBuf> {
    env::split_paths(search_path())
        .map(|dir| dir.join(program))
        .find(|file| file.is_file())
}

/// Tools of pinned versions come before the machine's.
fn search_path() -> &'static OsString {
    static PATH: OnceLock<OsString> = OnceLock::new();
    PATH.get_or_init(|| {
        let here = env::current_dir().unwrap_or_default();
        let ours = ["bin", "node/node_modules/.bin", "runtime/node_modules/.bin"]
            .map(|folder| here.join(TOOLS).join(folder));
        let theirs = env::var_os("PATH").unwrap_or_default();
        let all = ours.into_iter().chain(env::split_paths(&theirs));
        env::join_paths(all).unwrap_or(theirs)
    })
}
