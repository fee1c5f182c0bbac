//! The command line.

use std::error::Error;
use std::io::Write as _;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use clap::{Parser, Subcommand};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use vestibule_core::SystemRandom;
use vestibule_core::ports::{Clock as _, Mailer, SystemClock};
use vestibule_mail::{Mailbox, MailboxMailer, SmtpMailer};
use vestibule_storage::{MigrationError, SqlDatabase, StorageSettings, connect_store};

use crate::config::{Config, ProcessEnvironment};
use crate::portal::{Adapters, Portal, build};
use crate::single_process::{self, DatabaseLock};
use crate::{master_key, telemetry, worker};

#[derive(Parser)]
#[command(name = "vestibule", version, about = "A self-hosted auth portal")]
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
    /// Look at the settings
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print the OpenAPI document
    Openapi,
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Print every fault of the settings, or that there is none
    Check,
    /// Print the reference of all settings in Markdown
    Reference,
}

/// Waits this long for the database at start before it says so again.
const DATABASE_RETRY: Duration = Duration::from_secs(2);
/// Requests under way may take this long to end once the process is asked to stop.
const DRAIN_TIME: Duration = Duration::from_secs(25);

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
        Command::Config(ConfigCommand::Reference) => print(&crate::config::reference()),
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
    let config = match Config::load(&ProcessEnvironment) {
        Ok(config) => config,
        Err(faults) => {
            for fault in &faults {
                let _ = writeln!(std::io::stderr(), "vestibule: {fault}");
            }
            return Ok(ExitCode::FAILURE);
        }
    };
    if let Command::Config(_) = command {
        return print("The settings are good.");
    }
    telemetry::init(&config.log);
    // TLS clients take the process's provider; there is one.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        match command {
            Command::Migrate => migrate(&config).await,
            Command::Verify => verify(&config).await,
            _ => serve(&config).await,
        }
    })
}

fn print(text: &str) -> Result<ExitCode, Failure> {
    writeln!(std::io::stdout(), "{text}")?;
    Ok(ExitCode::SUCCESS)
}

async fn migrate(config: &Config) -> Result<ExitCode, Failure> {
    let database = open_database(config)?;
    let applied = migrate_when_there(&*database).await?;
    print(&format!(
        "{} migrations applied; the schema is up to date.",
        applied.len()
    ))
}

async fn verify(config: &Config) -> Result<ExitCode, Failure> {
    let database = open_database(config)?;
    if !database.pending().await?.is_empty() {
        let line =
            "DATABASE_URL (database.url): the schema is not up to date: run `vestibule migrate`";
        return Err(Failure(line.to_owned()));
    }
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

async fn serve(config: &Config) -> Result<ExitCode, Failure> {
    for variable in &config.ignored {
        tracing::warn!(
            variable,
            "is set, and this version has no use for it: limits and caches are per process"
        );
    }
    let _lock = take_database(config)?;
    let portal = start(config).await?;
    let mut signals = StopSignals::listen()?;
    let public = bind(config.http.listen, "VESTIBULE_LISTEN").await?;
    let private = bind(config.http.private_listen, "VESTIBULE_PRIVATE_LISTEN").await?;
    tracing::info!(url = %config.http.public_url, listen = %public.local_addr()?, "serving");

    let stop = CancellationToken::new();
    let tasks = TaskTracker::new();
    let mut mails = tasks.spawn(worker::deliver_mails(
        Arc::clone(&portal.auth),
        Arc::clone(&portal.mailer),
        stop.clone(),
    ));
    let mut purges = tasks.spawn(worker::purge_accounts(
        Arc::clone(&portal.auth),
        stop.clone(),
    ));
    tasks.spawn(listen(private, portal.private, stop.clone()));
    tasks.spawn(listen(public, portal.public, stop.clone()));
    tasks.close();

    tokio::select! {
        () = signals.next() => {}
        // Better no portal than one that sends no mail and does not say so.
        _ = &mut mails => return Err(Failure("the mail worker ended; see the log".to_owned())),
        // Or one that promises to delete accounts and does not.
        _ = &mut purges => return Err(Failure("the deletion worker ended; see the log".to_owned())),
    }
    tracing::info!("stopping");
    stop.cancel();
    tokio::select! {
        () = tasks.wait() => {}
        () = signals.next() => return Ok(ExitCode::FAILURE),
        () = tokio::time::sleep(DRAIN_TIME) => tracing::warn!("some connections did not end in time and are closed"),
    }
    Ok(ExitCode::SUCCESS)
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

async fn start(config: &Config) -> Result<Portal, Failure> {
    let database = open_database(config)?;
    if config.database.migrate_on_start {
        migrate_when_there(&*database).await?;
    }
    let master_key = match &config.master_key {
        Some(key) => key.clone(),
        None => master_key::load_or_create(&config.data_dir).map_err(|error| {
            Failure(format!(
                "the master key in the data folder {} cannot be used: {error}",
                config.data_dir.display()
            ))
        })?,
    };
    let clock = Arc::new(SystemClock);
    let (mailer, mailbox) = mailer(config, clock.clone())?;
    let store = database;
    let adapters = Adapters {
        store,
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

type MailerAndMailbox = (Arc<dyn Mailer>, Option<Arc<Mailbox>>);

/// SMTP where a relay is configured; otherwise the development mailbox.
fn mailer(config: &Config, clock: Arc<SystemClock>) -> Result<MailerAndMailbox, Failure> {
    let settings = config.mail.settings.clone();
    if let Some(url) = &config.mail.smtp_url {
        return Ok((Arc::new(SmtpMailer::new(url, settings)?), None));
    }
    let mailbox = Arc::new(Mailbox::open(config.data_dir.join("mailbox"))?);
    let mailer = MailboxMailer::new(Arc::clone(&mailbox), settings, clock);
    let is_shown = config.shows_mailbox();
    if !is_shown {
        tracing::warn!(
            "mails are kept in the data folder and neither sent nor shown: set SMTP_URL, or open the portal on this machine"
        );
    }
    Ok((Arc::new(mailer), is_shown.then_some(mailbox)))
}

fn open_database(config: &Config) -> Result<Arc<dyn SqlDatabase>, Failure> {
    prepare_data_dir(config)?;
    let settings = StorageSettings {
        max_connections: config.database.max_connections,
        ..StorageSettings::default()
    };
    connect_store(&config.database.url, &settings)
        .map_err(|error| Failure(format!("DATABASE_URL (database.url): {error}")))
}

/// The embedded database, the generated key and the development mailbox live in the data folder; a deployment without
/// them needs none.
fn prepare_data_dir(config: &Config) -> Result<(), Failure> {
    let needs_folder =
        config.is_single_process() || config.master_key.is_none() || config.mail.smtp_url.is_none();
    if !needs_folder {
        return Ok(());
    }
    master_key::prepare_data_dir(&config.data_dir).map_err(|error| {
        Failure(format!(
            "VESTIBULE_DATA_DIR (data_dir) names {}, which cannot be written: {error}; give the folder to this user or name another",
            config.data_dir.display()
        ))
    })
}

/// Waits for a database that is not up yet, and says so.
async fn migrate_when_there(database: &dyn SqlDatabase) -> Result<Vec<i64>, Failure> {
    loop {
        match database.migrate().await {
            Ok(applied) => return Ok(applied),
            Err(error @ MigrationError::Unavailable(_)) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "waiting for the database"
                );
                tokio::time::sleep(DATABASE_RETRY).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

async fn bind(address: SocketAddr, setting: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(address)
        .await
        .map_err(|error| Failure(format!("{setting} names {address}, which cannot be listened on: {error}; stop what uses it or name another")))
}

async fn listen(listener: TcpListener, router: Router, stop: CancellationToken) {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let served = axum::serve(listener, service)
        .with_graceful_shutdown(stop.cancelled_owned())
        .await;
    if let Err(error) = served {
        tracing::error!(error = &error as &dyn std::error::Error, "a listener ended");
    }
}

/// The signals that ask the process to stop. Before they are listened to they kill it.
struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// An error with what caused it, in one line.
fn chain(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        line = format!("{line}: {cause}");
        source = cause.source();
    }
    line
}
