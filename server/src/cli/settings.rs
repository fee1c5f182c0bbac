//! The settings: read for a command, checked, shown.

use std::fmt::Display;
use std::io::Write as _;
use std::process::ExitCode;

use super::{ConfigCommand, Failure, print};
use crate::config::{Config, Environment, Reading, reference};

/// `vestibule config`
pub(super) fn run(command: &ConfigCommand) -> Result<ExitCode, Failure> {
    match command {
        ConfigCommand::Reference => print(&reference()),
        ConfigCommand::Check => {
            let reading = Config::read(&Environment::of_process());
            if !reading.errors.is_empty() {
                return Ok(refuse(&reading));
            }
            show(&reading)?;
            print("The settings are good.")
        }
        ConfigCommand::Show => {
            let reading = Config::read(&Environment::of_process());
            show(&reading)?;
            if reading.errors.is_empty() {
                return Ok(ExitCode::SUCCESS);
            }
            Ok(refuse(&reading))
        }
    }
}

/// The settings for a command; `None`, after what is wrong, if it cannot run with them.
pub(super) fn load() -> Option<Config> {
    let reading = Config::read(&Environment::of_process());
    if reading.errors.is_empty() {
        return Some(reading.config);
    }
    refuse(&reading);
    None
}

/// Prints every setting, and what a start warns of.
fn show(reading: &Reading) -> Result<(), Failure> {
    for setting in &reading.settings {
        print(&setting.to_string())?;
    }
    for warning in &reading.config.warnings {
        print(&format!("warning: {warning}"))?;
    }
    Ok(())
}

fn refuse(reading: &Reading) -> ExitCode {
    let say = |line: &dyn Display| {
        let _ = writeln!(std::io::stderr(), "vestibule: {line}");
    };
    reading.errors.iter().for_each(|error| say(error));
    ExitCode::FAILURE
}
