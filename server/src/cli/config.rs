//! The settings: read for a command, checked, shown.

use std::process::ExitCode;

use super::{ConfigCommand, Failure, print};
use crate::config::{Config, Environment, Reading, example, reference};

/// `vestibule config`
pub(super) fn run(command: &ConfigCommand) -> Result<ExitCode, Failure> {
    match command {
        ConfigCommand::Reference => print(reference().trim_end()),
        ConfigCommand::Example => print(example().trim_end()),
        ConfigCommand::Check => {
            let reading = Config::read(&Environment::of_process());
            refuse_errors(&reading)?;
            show(&reading)?;
            print("The settings are good.")
        }
        ConfigCommand::Show => {
            let reading = Config::read(&Environment::of_process());
            show(&reading)?;
            refuse_errors(&reading)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// All settings, for a command that needs them all.
pub(super) fn load() -> Result<Config, Failure> {
    Config::load(&Environment::of_process()).map_err(|errors| Failure::settings(&errors))
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

fn refuse_errors(reading: &Reading) -> Result<(), Failure> {
    if reading.errors.is_empty() {
        Ok(())
    } else {
        Err(Failure::settings(&reading.errors))
    }
}
