//! The command line.

mod client;
mod config;
mod database;
mod health;
mod keys;
mod migrate;
mod serve;
mod verify;

use std::error::Error;
use std::fmt::Display;
use std::io::{ErrorKind, Write as _};
use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{Environment, LogConfig, MaintenanceConfig, SettingError};
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
README.md begins with a first start; docs/operations/ is about running it, docs/SECURITY.md about what protects it.";

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
    /// Ask the portal that runs with these settings whether it can serve; for a container's health
    /// check
    Health,
    /// Define the apps that people sign in to
    #[command(subcommand, alias = "clients")]
    Client(client::ClientCommand),
    /// Show the keys that sign tokens, or rotate them
    #[command(alias = "key")]
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
        /// An old key is in wrong hands: after a minute none of them is believed, and the access
        /// tokens that are out are void
        #[arg(long)]
        emergency: bool,
        /// portal (its own access tokens) or apps (what apps verify people with)
        #[arg(long, default_value = "portal", value_parser = ["portal", "apps"])]
        set: String,
    },
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Print every setting and where it comes from, and what is wrong with them;
    /// exits non-zero if a start would be refused
    Check,
    /// Print every setting and where it comes from, also of settings that are wrong
    Show,
    /// Print the reference of all settings in Markdown
    Reference,
    /// Print a settings file with every setting, commented out
    Example,
}

/// The exit code of a command whose reader has gone, as that of one that SIGPIPE ends.
const READER_GONE: u8 = 128 + 13;

/// Why the program cannot go on.
enum Failure {
    /// In lines that name what to change.
    Lines(Vec<String>),
    /// The reader of what it prints has enough, `head` for example.
    ReaderGone,
}

impl Failure {
    fn new(line: impl Into<String>) -> Self {
        Self::Lines(vec![line.into()])
    }

    fn settings(errors: &[SettingError]) -> Self {
        Self::Lines(errors.iter().map(ToString::to_string).collect())
    }

    /// One of a setting.
    fn setting(setting: &str, reason: impl Display) -> Self {
        Self::new(format!("{setting} {reason}"))
    }
}

/// With what caused it: the outermost error alone rarely says what to do.
impl<T: Error> From<T> for Failure {
    fn from(error: T) -> Self {
        Self::new(chain(&error))
    }
}

/// Runs the command that the arguments name.
pub fn run() -> ExitCode {
    match run_command(Cli::parse().command.unwrap_or(Command::Serve)) {
        Ok(code) => code,
        Err(Failure::Lines(lines)) => {
            for line in lines {
                let _ = writeln!(std::io::stderr(), "vestibule: {line}");
            }
            ExitCode::FAILURE
        }
        Err(Failure::ReaderGone) => ExitCode::from(READER_GONE),
    }
}

/// Each command reads the settings that it needs, and no others.
fn run_command(command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Serve => {
            let config = config::load()?;
            let log = begin_log(&config.log, config.otlp_endpoint.as_ref())?;
            block_on(serve::serve(&config, &log))
        }
        Command::Migrate => maintain(migrate::run),
        Command::Verify => maintain(verify::run),
        Command::Health => health::run(),
        Command::Keys { command: None } => maintain(keys::list),
        Command::Keys {
            command: Some(KeysCommand::Rotate { emergency, set }),
        } => maintain(async |config| keys::rotate(config, emergency, set == "apps").await),
        Command::Client(command) => maintain(async |config| client::run(config, command).await),
        Command::Config(command) => config::run(&command),
        Command::Openapi => print(&crate::api::document().to_pretty_json()?),
    }
}

/// Runs what looks after the database.
fn maintain(
    command: impl AsyncFnOnce(&MaintenanceConfig) -> Result<ExitCode, Failure>,
) -> Result<ExitCode, Failure> {
    let config = MaintenanceConfig::load(&Environment::of_process());
    let config = config.map_err(|errors| Failure::settings(&errors))?;
    let _log = begin_log(&config.log, None)?;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    block_on(command(&config))
}

fn begin_log(config: &LogConfig, collector: Option<&url::Url>) -> Result<Log, Failure> {
    telemetry::init(config, collector).map_err(|error| {
        Failure::new(format!(
            "OTEL_EXPORTER_OTLP_ENDPOINT (telemetry.otlp_endpoint): traces cannot be sent: {}",
            chain(&*error)
        ))
    })
}

fn block_on(command: impl Future<Output = Result<ExitCode, Failure>>) -> Result<ExitCode, Failure> {
    // TLS clients take the process's provider; there is one.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let result = runtime.block_on(command);
    // What still runs was given its time.
    runtime.shutdown_background();
    result
}

fn print(text: &str) -> Result<ExitCode, Failure> {
    let mut out = std::io::stdout();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(Failure::ReaderGone),
        written => {
            written?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn unusable_master_key(folder: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!(
        "the master key in the data folder {} cannot be used: {error}",
        folder.display()
    ))
}

/// An error with what caused it, in one line. Many errors repeat what caused them; of an internal
/// error only the cause says something.
fn chain(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    let mut line = error.to_string();
    for text in causes.map(ToString::to_string) {
        if line == "internal error" {
            line = text;
        } else if !line.contains(&text) {
            line = format!("{line}: {text}");
        }
    }
    line
}
