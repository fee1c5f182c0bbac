//! The command line.

mod database;
mod keys;
mod serve;

use std::error::Error;
use std::fmt::Display;
use std::io::{ErrorKind, Write as _};
use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{
    Config, Fault, LogConfig, MaintenanceConfig, ProcessEnvironment, read_private_listen,
};
use crate::health_check;
use crate::telemetry::{self, Log};

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
    /// Ask the portal that runs with these settings whether it can serve; for a container's health
    /// check
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
        /// An old key is in wrong hands: after a minute none of them is believed, and the access
        /// tokens that are out are void
        #[arg(long)]
        emergency: bool,
    },
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Print every fault of the settings, or that there is none
    Check,
    /// Print the reference of all settings in Markdown
    Reference,
}

/// The exit code of a command whose reader has gone, as that of one that SIGPIPE ends.
const READER_GONE: u8 = 128 + 13;

/// Why the program cannot go on.
enum Failure {
    /// In lines that name what to change.
    Lines(Vec<String>),
    /// Whoever read what it prints wants no more, `head` for example.
    ReaderGone,
}

impl Failure {
    fn new(line: impl Into<String>) -> Self {
        Self::Lines(vec![line.into()])
    }

    fn faults(faults: &[Fault]) -> Self {
        Self::Lines(faults.iter().map(ToString::to_string).collect())
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
            let config = read_config()?;
            let log = begin_log(&config.log, config.otlp_endpoint.as_ref())?;
            block_on(serve::serve(&config, &log))
        }
        Command::Migrate => maintain(database::migrate),
        Command::Verify => maintain(database::verify),
        Command::Health => ask_for_health(),
        Command::Keys { command: None } => maintain(keys::list),
        Command::Keys {
            command: Some(KeysCommand::Rotate { emergency }),
        } => maintain(async |config| keys::rotate(config, emergency).await),
        Command::Config(ConfigCommand::Check) => {
            read_config()?;
            print("The settings are good.")
        }
        Command::Config(ConfigCommand::Reference) => print(&crate::config::reference()),
        Command::Openapi => print(&crate::api::document().to_pretty_json()?),
    }
}

fn read_config() -> Result<Config, Failure> {
    Config::load(&ProcessEnvironment).map_err(|faults| Failure::faults(&faults))
}

fn ask_for_health() -> Result<ExitCode, Failure> {
    let private = read_private_listen(&ProcessEnvironment);
    let private = private.map_err(|faults| Failure::faults(&faults))?;
    match health_check::ask(private) {
        Ok(()) => print("The portal can serve."),
        Err(error) => Err(Failure::new(format!(
            "the portal cannot serve: {}",
            chain(&error)
        ))),
    }
}

/// Runs what looks after the database.
fn maintain(
    command: impl AsyncFnOnce(&MaintenanceConfig) -> Result<ExitCode, Failure>,
) -> Result<ExitCode, Failure> {
    let config = MaintenanceConfig::load(&ProcessEnvironment);
    let config = config.map_err(|faults| Failure::faults(&faults))?;
    let _log = begin_log(&config.log, None)?;
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

/// An error with what caused it, in one line. Many errors repeat what caused them.
fn chain(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        if !line.contains(&text) {
            line = format!("{line}: {text}");
        }
        source = cause.source();
    }
    line
}
