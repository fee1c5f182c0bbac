use std::fs::{self, OpenOptions};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::proc::{self, Cmd, find};
use crate::usage::cpu_time;

const START_LIMIT: Duration = Duration::from_mins(1);

/// A port that was free a moment ago.
pub fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("no free port on 127.0.0.1")?;
    Ok(listener.local_addr()?.port())
}

/// In the system's folder for such things: a checkout under
/// /root could not be entered by another account.
pub(crate) fn temporary_folder(name: &str) -> Result<TempDir> {
    temporary_folder_in(&tempfile::env::temp_dir(), name)
}

pub(crate) fn temporary_folder_in(parent: &Path, name: &str) -> Result<TempDir> {
    let folder = TempDir::with_prefix_in(format!("vestibule-{name}-"), parent)?;
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700))?;
    Ok(folder)
}

/// Whom a server runs as: ourselves, or a user and group that root steps down to.
#[derive(Clone, Copy)]
pub(crate) struct Account(pub Option<(u32, u32)>);

impl Account {
    /// The command that runs as this account, with more options for `setpriv`.
    pub fn command(self, program: &str, more: &[&str]) -> Cmd {
        let mut options: Vec<String> = more.iter().map(ToString::to_string).collect();
        if let Some((user, group)) = self.0 {
            options.extend([
                format!("--reuid={user}"),
                format!("--regid={group}"),
                "--clear-groups".to_owned(),
            ]);
        }
        if options.is_empty() || find("setpriv").is_none() {
            return Cmd::new(program);
        }
        Cmd::new("setpriv").args(options).arg(program)
    }
}

/// How a server is started.
pub(crate) struct Program {
    pub path: String,
    pub account: Account,
    pub args: Vec<String>,
    pub environment: Vec<(&'static str, String)>,
    /// Where it runs and leaves its log; gone with the server.
    pub folder: TempDir,
    /// Whether it answers.
    pub is_ready: Box<dyn Fn() -> bool + Send + Sync>,
}

impl Program {
    /// One that runs as ourselves and answers once it accepts connections at this address.
    pub fn listening(path: &str, folder: TempDir, address: SocketAddr) -> Self {
        Self {
            path: path.to_owned(),
            account: Account(None),
            args: Vec::new(),
            environment: Vec::new(),
            folder,
            is_ready: Box::new(move || TcpStream::connect(address).is_ok()),
        }
    }

    /// With these arguments after those that it has.
    pub fn args<S: Into<String>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    fn spawn(&self) -> Result<Child> {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.folder.path().join("log"))?;
        // Even if this process is killed outright, the server is ended.
        // `setpriv` arranges it: here it takes unsafe code.
        let mut command = self
            .account
            .command(&self.path, &["--pdeathsig=INT"])
            .args(&self.args)
            .dir(self.folder.path());
        for (name, value) in &self.environment {
            command = command.env(name, value);
        }
        command
            .command()
            .stdout(Stdio::from(log.try_clone()?))
            .stderr(Stdio::from(log));
        command.spawn()
    }
}

/// A running server, and what breaks it on purpose. It ends with this value,
/// and with the thread that started it.
pub struct Daemon {
    child: Child,
    program: Program,
}

impl Daemon {
    /// Starts a server and waits until it answers.
    pub(crate) fn start(program: Program) -> Result<Self> {
        let mut daemon = Self {
            child: program.spawn()?,
            program,
        };
        daemon.wait_until_ready()?;
        Ok(daemon)
    }

    /// Kills it with all of its processes, as a power cut does.
    pub fn kill(&mut self) -> Result<()> {
        let processes = self.processes();
        // None of them may see another one die first, and tidy up.
        signal_all(&processes, Signal::STOP);
        signal_all(&processes, Signal::KILL);
        self.child.wait()?;
        let start = Instant::now();
        while processes.iter().any(|process| is_alive(*process)) {
            if start.elapsed() > START_LIMIT {
                bail!("a killed server does not die");
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// Starts it again after it was killed, with what it left, and does not wait for it.
    pub fn start_again(&mut self) -> Result<()> {
        self.child = self.program.spawn()?;
        Ok(())
    }

    /// Stops all of its processes in the middle of what they do.
    /// Connections stay, and nothing answers.
    pub fn freeze(&self) {
        signal_all(&self.processes(), Signal::STOP);
    }

    /// Lets them go on.
    pub fn thaw(&self) {
        signal_all(&self.processes(), Signal::CONT);
    }

    /// Processor time of all of its processes.
    pub fn cpu_time(&self) -> Duration {
        let processes = self.processes().into_iter();
        let ids = processes.filter_map(|it| u32::try_from(it.as_raw_nonzero().get()).ok());
        ids.map(cpu_time).sum()
    }

    /// Waits until it answers.
    pub fn wait_until_ready(&mut self) -> Result<()> {
        let start = Instant::now();
        while !(self.program.is_ready)() {
            if self.child.try_wait()?.is_some() || start.elapsed() > START_LIMIT {
                let log =
                    fs::read_to_string(self.program.folder.path().join("log")).unwrap_or_default();
                bail!(
                    "the server did not start; its last words: {}",
                    log.lines().last().unwrap_or("none")
                );
            }
            if proc::interrupted() {
                bail!("interrupted");
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// It and its children: PostgreSQL's lead sessions of their own,
    /// so that no signal to a group reaches them.
    fn processes(&self) -> Vec<Pid> {
        let Some(main) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) else {
            return Vec::new();
        };
        let mut processes = vec![main];
        processes.extend(children_of(main));
        processes
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // One that is frozen would not listen.
        self.thaw();
        // To PostgreSQL this is the fast shutdown, to the others simply the end.
        proc::stop(&mut self.child, Signal::INT);
    }
}

fn signal_all(processes: &[Pid], signal: Signal) {
    for process in processes {
        // An error says that it is gone.
        let _ = kill_process(*process, signal);
    }
}

/// A zombie that nobody waits for counts as dead.
fn is_alive(process: Pid) -> bool {
    stat(process).is_some_and(|(state, _)| state != 'Z' && state != 'X')
}

fn children_of(parent: Pid) -> Vec<Pid> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers
        .filter_map(Pid::from_raw)
        .filter(|process| stat(*process).is_some_and(|(_, of)| of == Some(parent)))
        .collect()
}

/// State and parent of a process (proc(5)).
fn stat(process: Pid) -> Option<(char, Option<Pid>)> {
    let stat = fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero())).ok()?;
    // The name before the last parenthesis may hold anything.
    let mut fields = stat.rsplit_once(") ")?.1.split(' ');
    let state = fields.next()?.chars().next()?;
    let parent = fields.next()?.parse().ok().and_then(Pid::from_raw);
    Some((state, parent))
}
