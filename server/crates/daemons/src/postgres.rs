//! A throw-away PostgreSQL.

use std::env;
use std::fs::{self, File};
use std::io::Read;
use std::net::SocketAddr;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::daemon::{Account, Daemon, Program, free_port, temporary_folder, temporary_folder_in};
use crate::proc::{Cmd, find};

const ROLE: &str = "vestibule";
/// The environment variable by which tests are given another server than the machine's.
pub const SERVER: &str = "TEST_POSTGRES_SERVER";

/// Nothing here outlives the run, so nothing needs to survive a power cut. A crash of the server
/// alone loses nothing: the system has what was written.
const SETTINGS: [&str; 3] = ["fsync=off", "full_page_writes=off", "max_connections=300"];
/// For measures: it keeps what it says as one in production does, and shows statements whole.
const DURABLE: [&str; 1] = ["track_activity_query_size=16384"];

/// A cluster for this process alone. The role is its superuser, so that tests can create databases.
pub struct Postgres {
    daemon: Daemon,
    /// Those that speak to it.
    programs: PathBuf,
    port: u16,
    password: String,
}

impl Postgres {
    /// The machine's own, of the newest version, or the one in the folder that [`SERVER`] names.
    pub fn start() -> Result<Self> {
        match env::var_os(SERVER) {
            Some(folder) => Self::start_from(Path::new(&folder)),
            None => Self::start_from(&own_folder()?),
        }
    }

    /// The server in a folder of its own; the machine's own programs speak to it.
    pub fn start_from(server: &Path) -> Result<Self> {
        Self::start_in(server, temporary_folder("postgres")?, &SETTINGS)
    }

    /// The machine's own, on a disk and with the settings that it comes with.
    pub fn start_durable() -> Result<Self> {
        let home = temporary_folder_in(Path::new("/var/tmp"), "postgres")?;
        Self::start_in(&own_folder()?, home, &DURABLE)
    }

    fn start_in(server: &Path, home: TempDir, settings: &[&str]) -> Result<Self> {
        let programs = own_folder()?;
        let account = account()?;
        hand_over(home.path(), account)?;
        // A superuser can run programs: other users of this
        // machine must not become this process's user through the open port.
        let password = random_word()?;
        init(server, account, home.path(), &password)?;

        let port = free_port()?;
        let ask = programs.join("pg_isready");
        let is_ready = move || {
            Cmd::new(&ask)
                .args(["-q", "-h", "127.0.0.1", "-p", &port.to_string()])
                .succeeds()
        };
        let socket_folder = text(home.path());
        let program = Program {
            path: text(&server.join("postgres")),
            account,
            args: Vec::new(),
            environment: Vec::new(),
            folder: home,
            is_ready: Box::new(is_ready),
        }
        .args(["-D", "data", "-h", "127.0.0.1"])
        .args(["-p", &port.to_string(), "-k", &socket_folder])
        .args(settings.iter().flat_map(|setting| ["-c", *setting]));
        Ok(Self {
            daemon: Daemon::start(program).context("PostgreSQL")?,
            programs,
            port,
            password,
        })
    }

    pub fn daemon(&mut self) -> &mut Daemon {
        &mut self.daemon
    }

    pub fn url(&self, database: &str) -> String {
        format!(
            "postgres://{ROLE}:{}@{}/{database}",
            self.password,
            self.address()
        )
    }

    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// Creates an empty database and returns its URL.
    pub fn create(&self, database: &str) -> Result<String> {
        self.tool("createdb").arg(database).run()?;
        Ok(self.url(database))
    }

    /// One of the programs that speak to it, as its superuser.
    pub fn tool(&self, program: &str) -> Cmd {
        Cmd::new(self.programs.join(program))
            .env("PGHOST", "127.0.0.1")
            .env("PGPORT", self.port.to_string())
            .env("PGUSER", ROLE)
            .env("PGPASSWORD", &self.password)
    }

    /// Processor time of all of its processes.
    pub fn cpu_time(&self) -> Duration {
        self.daemon.cpu_time()
    }
}

/// Where PostgreSQL's programs are: Debian keeps them off the PATH, in one folder for each version.
pub fn folder() -> Option<PathBuf> {
    let version = |folder: &PathBuf| folder.parent()?.file_name()?.to_str()?.parse::<u32>().ok();
    let entries = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let newest = entries
        .map(|entry| entry.path().join("bin"))
        .filter(|bin| bin.join("postgres").is_file())
        .max_by_key(version);
    newest.or_else(|| {
        let postgres = fs::canonicalize(find("postgres")?).ok()?;
        let folder = postgres.parent()?;
        folder
            .join("initdb")
            .is_file()
            .then(|| folder.to_path_buf())
    })
}

fn own_folder() -> Result<PathBuf> {
    folder().context("no PostgreSQL server: install the package postgresql")
}

/// PostgreSQL refuses to run as root.
pub(crate) fn account() -> Result<Account> {
    if !rustix::process::geteuid().is_root() {
        return Ok(Account(None));
    }
    let id = |option: &str, user: &str| {
        Cmd::new("id")
            .args([option, user])
            .peek()
            .trim()
            .parse::<u32>()
            .ok()
    };
    let ids = ["postgres", "nobody"]
        .iter()
        .find_map(|user| Some((id("-u", user)?, id("-g", user)?)));
    Ok(Account(Some(ids.context(
        "there is no user to run PostgreSQL as: add the user postgres",
    )?)))
}

fn init(server: &Path, account: Account, home: &Path, password: &str) -> Result<()> {
    let secret = home.join("password");
    fs::write(&secret, password)?;
    hand_over(&secret, account)?;
    account
        .command(&text(&server.join("initdb")), &[])
        .args([
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        ])
        .args(["--username", ROLE, "--pwfile=password", "--pgdata=data"])
        .dir(home)
        .read()
        .context("cannot make a PostgreSQL cluster")?;
    Ok(())
}

pub(crate) fn hand_over(path: &Path, account: Account) -> Result<()> {
    if let Some((user, group)) = account.0 {
        chown(path, Some(user), Some(group))
            .with_context(|| format!("cannot hand over {}", path.display()))?;
    }
    Ok(())
}

fn random_word() -> Result<String> {
    let mut bytes = [0; 16];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(format!("{:032x}", u128::from_ne_bytes(bytes)))
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
