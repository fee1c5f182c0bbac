//! The command line.

mod settings;

use std::error::Error;
use std::io::Write as _;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{Parser, Subcommand};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::net::TcpListener;
use vestibule_core::model::SigningKey;
use vestibule_core::ports::{Clock as _, Mailer, SystemClock};
use vestibule_core::{
    CLOCK_LEEWAY, KeyState, MasterKey, Rotation, SystemRandom, rotate_signing_key, signing_keys,
};
use vestibule_mail::{Mailbox, MailboxMailer, SmtpMailer};
use vestibule_storage::{MigrationError, SqlDatabase, StorageSettings, connect_store};

use crate::config::Config;
use crate::health_check;
use crate::lifecycle::{self, Ports, Starting, StopSignals};
use crate::listener;
use crate::master_key;
use crate::metrics::{self, Watched};
use crate::patience::when_there;
use crate::portal::{Adapters, Portal, build};
use crate::single_process::{self, DatabaseLock};
use crate::start_lines;
use crate::telemetry::{self, Log};

const AFTER_HELP: &str = "\
Settings are environment variables, or stand in vestibule.toml (another file with VESTIBULE_CONFIG). The first ones:
  VESTIBULE_MODE        development, for this machine alone, or production
  PUBLIC_URL            where people open the portal
  DATABASE_URL          sqlite:FILE or postgres://...
  SMTP_URL              the server that takes the mails
  VESTIBULE_MASTER_KEY  32 random bytes in base64
A secret may be in a file: DATABASE_URL_FILE, and so on.

`vestibule config reference` prints all of them (docs/CONFIG.md), `vestibule config show` what they are.
README.md begins with a first start; docs/OPERATIONS.md is about running it, docs/SECURITY.md about what protects it.";

#[derive(Parser)]
#[command(
    name = "vestibule",
    version,
    about = "A self-hosted auth portal",
    after_help = AFTER_HELP
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve pages and API (the default)
    Serve,
    /// Bring the database schema up to date and exit
    Migrate,
    /// Check the data against the invariants; exits non-zero with what it found
    Verify,
    /// Ask the portal that runs with these settings whether it can serve; for a container's health check
    Health,
    /// Show the keys that sign access tokens, or exchange them
    Keys {
        #[command(subcommand)]
        command: Option<KeysCommand>,
    },
    /// Look at the settings
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print the OpenAPI document
    Openapi,
}

#[derive(Subcommand)]
enum KeysCommand {
    /// Publish a new key, which signs once every service has fetched it: nobody notices
    Rotate {
        /// An old key is in wrong hands: after a minute none of them is believed, and the access tokens that are out are void
        #[arg(long)]
        emergency: bool,
    },
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Print every setting and where it comes from, and what is wrong with them; exits non-zero if a start would be refused
    Check,
    /// Print every setting and where it comes from, also of settings that are wrong
    Show,
    /// Print the reference of all settings in Markdown
    Reference,
}

/// Looking at all data takes longer than a request may.
const VERIFY_TIMEOUT: Duration = Duration::from_hours(1);

/// Why the program cannot go on, in one line.
struct Failure(String);

/// With what caused it: the outermost error alone rarely says what to do.
impl<T: Error> From<T> for Failure {
    fn from(error: T) -> Self {
        Self(chain(&error))
    }
}

/// Runs the command that the arguments name.
pub fn run() -> ExitCode {
    let command = Cli::parse().command.unwrap_or(Command::Serve);
    let result = match command {
        Command::Config(command) => settings::run(&command),
        Command::Openapi => crate::api::document()
            .to_pretty_json()
            .map_err(Failure::from)
            .and_then(|json| print(&json)),
        command => with_config(&command),
    };
    match result {
        Ok(code) => code,
        Err(Failure(line)) => {
            let _ = writeln!(std::io::stderr(), "vestibule: {line}");
            ExitCode::FAILURE
        }
    }
}

fn with_config(command: &Command) -> Result<ExitCode, Failure> {
    let Some(config) = settings::load() else {
        return Ok(ExitCode::FAILURE);
    };
    if let Command::Health = command {
        return match health_check::ask(config.http.private_listen) {
            Ok(()) => print("The portal can serve."),
            Err(error) => Err(Failure(format!(
                "the portal cannot serve: {}",
                chain(&error)
            ))),
        };
    }
    let log = telemetry::init(&config.log, config.otlp_endpoint.as_ref()).map_err(|error| {
        Failure(format!(
            "OTEL_EXPORTER_OTLP_ENDPOINT (telemetry.otlp_endpoint): traces cannot be sent: {}",
            chain(&*error)
        ))
    })?;
    // TLS clients take the process's provider; there is one.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let result = runtime.block_on(async {
        match command {
            Command::Migrate => migrate(&config).await,
            Command::Verify => verify(&config).await,
            Command::Keys { command: None } => list_keys(&config).await,
            Command::Keys {
                command: Some(KeysCommand::Rotate { emergency }),
            } => rotate_key(&config, *emergency).await,
            _ => serve(&config, &log).await,
        }
    });
    // What still runs was given its time.
    runtime.shutdown_background();
    result
}

fn print(text: &str) -> Result<ExitCode, Failure> {
    writeln!(std::io::stdout(), "{text}")?;
    Ok(ExitCode::SUCCESS)
}

async fn migrate(config: &Config) -> Result<ExitCode, Failure> {
    let database = open_database(config, config.database.storage)?;
    let applied = when_there(|| database.migrate(), MigrationError::may_pass).await?;
    print(&format!(
        "{} migrations applied; the schema is up to date.",
        applied.len()
    ))
}

async fn verify(config: &Config) -> Result<ExitCode, Failure> {
    let settings = StorageSettings {
        statement_timeout: VERIFY_TIMEOUT,
        ..config.database.storage
    };
    let database = open_database(config, settings)?;
    refuse_old_schema(&database.pending().await?)?;
    let mut store = database.connect().await?;
    let violations = store.violations(SystemClock.now()).await?;
    for violation in &violations {
        print(&format!("{}: {} rows", violation.invariant, violation.rows))?;
    }
    if violations.is_empty() {
        print("Every invariant holds.")
    } else {
        Ok(ExitCode::FAILURE)
    }
}

async fn list_keys(config: &Config) -> Result<ExitCode, Failure> {
    let database = open_database(config, config.database.storage)?;
    refuse_old_schema(&database.pending().await?)?;
    let keys = signing_keys(&*database, SystemClock.now()).await?;
    for (key, state) in &keys {
        print(&key_line(key, *state)?)?;
    }
    if keys.is_empty() {
        print("There is no key yet: the portal makes the first one when it starts.")?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn rotate_key(config: &Config, emergency: bool) -> Result<ExitCode, Failure> {
    let database = open_database(config, config.database.storage)?;
    refuse_old_schema(&database.pending().await?)?;
    let rotation = if emergency {
        Rotation::Emergency
    } else {
        Rotation::Planned
    };
    let (master_key, now) = (master_key(config)?, SystemClock.now());
    if let Some(databases) = database.clock().await? {
        match refuse_other_clock(now, databases) {
            // Whoever has an emergency cannot always mend a clock, and that of the database decides nothing.
            Err(Failure(line)) if emergency => tracing::warn!("{line}"),
            checked => checked?,
        }
    }
    let key = rotate_signing_key(&*database, &master_key, &SystemRandom, now, rotation).await?;
    print(&format!("{} is published.", key.kid))?;
    list_keys(config).await
}

/// From when keys sign is counted by this machine's clock, and has to be right for all replicas.
fn refuse_other_clock(ours: OffsetDateTime, databases: OffsetDateTime) -> Result<(), Failure> {
    let difference = (ours - databases).unsigned_abs();
    if difference <= CLOCK_LEEWAY {
        return Ok(());
    }
    Err(Failure(format!(
        "the clock of this machine and that of the database differ by {} s: set it right, or run the command elsewhere",
        difference.as_secs()
    )))
}

/// In columns, times in UTC to the second.
fn key_line(key: &SigningKey, state: KeyState) -> Result<String, Failure> {
    let time = |at: OffsetDateTime| at.truncate_to_second().format(&Rfc3339);
    let (name, column, at) = match (state, key.expires_at) {
        (KeyState::Next, _) => ("next", "signs from", Some(key.active_at)),
        (KeyState::Signing, None) => ("signing", "since", Some(key.active_at)),
        (KeyState::Signing, end) => ("signing", "believed until", end),
        (KeyState::Former, end) => ("former", "believed until", end),
        (KeyState::Withdrawn, end) => ("withdrawn", "from", end),
    };
    let at = at.map(time).transpose()?.unwrap_or_default();
    Ok(format!("{}  {name:<9} {column} {at}", key.kid))
}

async fn serve(config: &Config, log: &Log) -> Result<ExitCode, Failure> {
    start_lines::log(config);
    let metrics = metrics::install()?;
    let _lock = take_database(config)?;
    let database = open_database(config, config.database.storage)?;
    // Also while it waits for its database: the first process of a container is not killed by a signal that it does not hear.
    let mut signals = StopSignals::listen()?;
    let private = bind(config.http.private_listen, "VESTIBULE_PRIVATE_LISTEN")?;
    let starting = Starting::begin(config, &private)?;
    let mut portal = tokio::select! {
        portal = start(config, Arc::clone(&database)) => portal?,
        () = signals.next() => return Ok(ExitCode::SUCCESS),
    };
    starting.end().await;
    let watched = Watched::new(metrics, Arc::clone(&portal.auth), Arc::clone(&database));
    let watched = Arc::new(watched);
    portal.private = portal.private.merge(metrics::router(Arc::clone(&watched)));
    let ports = Ports {
        public: bind(config.http.listen, "VESTIBULE_LISTEN")?,
        private,
    };
    tracing::info!(url = %config.http.public_url, listen = %ports.public.local_addr()?, "serving");
    tokio::spawn(log.tell_of_lost_lines());
    tokio::spawn(watched.keep_up());
    Ok(lifecycle::run(config, portal, database, ports, signals).await)
}

/// Two processes on one embedded database would not see each other's revocations at once.
fn take_database(config: &Config) -> Result<Option<DatabaseLock>, Failure> {
    let Some(file) = config.database_file() else {
        return Ok(None);
    };
    prepare_data_dir(config)?;
    let lock = single_process::lock(&file).map_err(|error| {
        Failure(format!(
            "DATABASE_URL (database.url) names {}, which cannot be written: {error}",
            file.display()
        ))
    })?;
    let taken = || {
        Failure(format!(
            "DATABASE_URL (database.url) names {}, which another vestibule serves: stop that one, or use PostgreSQL for several",
            file.display()
        ))
    };
    lock.map(Some).ok_or_else(taken)
}

async fn start(config: &Config, database: Arc<dyn SqlDatabase>) -> Result<Portal, Failure> {
    if config.database.migrate_on_start {
        when_there(|| database.migrate(), MigrationError::may_pass).await?;
    } else {
        let pending = when_there(|| database.pending(), MigrationError::may_pass).await?;
        refuse_old_schema(&pending)?;
    }
    let master_key = master_key(config)?;
    let clock = Arc::new(SystemClock);
    let (mailer, mailbox) = mailer(config, clock.clone())?;
    let adapters = Adapters {
        store: database,
        clock,
        random: Arc::new(SystemRandom),
        mailer,
        mailbox,
        master_key,
    };
    build(config, adapters)
        .await
        .map_err(|error| Failure(chain(&*error)))
}

fn master_key(config: &Config) -> Result<MasterKey, Failure> {
    match &config.master_key {
        Some(key) => Ok(key.clone()),
        None => master_key::load_or_create(&config.data_dir).map_err(|error| {
            Failure(format!(
                "the master key in the data folder {} cannot be used: {error}",
                config.data_dir.display()
            ))
        }),
    }
}

type MailerAndMailbox = (Arc<dyn Mailer>, Option<Arc<Mailbox>>);

/// SMTP where a relay is configured; otherwise the development mailbox.
fn mailer(config: &Config, clock: Arc<SystemClock>) -> Result<MailerAndMailbox, Failure> {
    let settings = config.mail.settings.clone();
    if let Some(url) = &config.mail.smtp_url {
        let mailer = SmtpMailer::new(url, settings)?.calling_itself(&config.http.public_url);
        return Ok((Arc::new(mailer), None));
    }
    let mailbox = Arc::new(Mailbox::open(config.data_dir.join("mailbox"))?);
    let mailer = MailboxMailer::new(Arc::clone(&mailbox), settings, clock);
    Ok((Arc::new(mailer), config.shows_mailbox().then_some(mailbox)))
}

fn open_database(
    config: &Config,
    settings: StorageSettings,
) -> Result<Arc<dyn SqlDatabase>, Failure> {
    prepare_data_dir(config)?;
    connect_store(&config.database.url, &settings)
        .map_err(|error| Failure(format!("DATABASE_URL (database.url) {error}")))
}

fn refuse_old_schema(pending: &[i64]) -> Result<(), Failure> {
    if pending.is_empty() {
        return Ok(());
    }
    let line = "DATABASE_URL (database.url): the schema is not up to date: run `vestibule migrate`";
    Err(Failure(line.to_owned()))
}

/// A deployment that keeps nothing in the data folder needs none.
fn prepare_data_dir(config: &Config) -> Result<(), Failure> {
    if !config.needs_data_dir() {
        return Ok(());
    }
    master_key::prepare_data_dir(&config.data_dir).map_err(|error| {
        Failure(format!(
            "VESTIBULE_DATA_DIR (data_dir) names {}, which cannot be written: {error}; give the folder to this user or name another",
            config.data_dir.display()
        ))
    })
}

fn bind(address: SocketAddr, setting: &str) -> Result<TcpListener, Failure> {
    listener::bind(address)
        .map_err(|error| Failure(format!("{setting} names {address}, which cannot be listened on: {error}; stop what uses it or name another")))
}

/// An error with what caused it, in one line. Of an internal error only the cause says something.
fn chain(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    let mut lines: Vec<String> = std::iter::once(error.to_string())
        .chain(causes.map(ToString::to_string))
        .collect();
    lines.dedup();
    if lines.len() > 1 && lines[0] == "internal error" {
        lines.remove(0);
    }
    lines.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_half_a_minute_off_exchanges_no_key() {
        let now = OffsetDateTime::UNIX_EPOCH;
        for (seconds, is_refused) in [
            (0, false),
            (30, false),
            (-30, false),
            (31, true),
            (-31, true),
        ] {
            let refused = refuse_other_clock(now, now + time::Duration::seconds(seconds));
            assert_eq!(refused.is_err(), is_refused, "{seconds}");
        }
    }
}
