//! The settings of commands that need few of them: what the others are, and whether they are there,
//! is nothing to them. A name that is no setting is refused all the same.

use std::net::SocketAddr;
use std::path::PathBuf;

use vestibule_core::MasterKey;

use super::environment::Environment;
use super::reader::Reader;
use super::schema::SCHEMA;
use super::setting_error::SettingError;
use super::{DatabaseConfig, LogConfig, Mode, http, master_key, mode, warnings};

/// What looks after the database.
#[derive(Clone, Debug)]
pub struct MaintenanceConfig {
    pub data_dir: PathBuf,
    pub database: DatabaseConfig,
    /// `None`: the one in the data folder.
    pub master_key: Option<MasterKey>,
    pub log: LogConfig,
    /// What is not as it should be and still no reason not to go on.
    pub warnings: Vec<SettingError>,
}

impl MaintenanceConfig {
    /// Reads them.
    ///
    /// # Errors
    /// All errors at once.
    pub fn load(environment: &Environment) -> Result<Self, Vec<SettingError>> {
        let mut reader = Reader::open(environment, SCHEMA);
        let mode = reader.get(mode::MODE);
        let data_dir = PathBuf::from(reader.get(mode::DATA_DIR));
        let mut config = Self {
            database: DatabaseConfig::read(&mut reader, mode, &data_dir),
            // Most of these commands need none.
            master_key: master_key::read(&mut reader, Mode::Development),
            log: LogConfig::read(&mut reader, mode),
            warnings: Vec::new(),
            data_dir,
        };
        if mode == Mode::Production {
            warnings::check_database(&mut reader, &config.database);
        }
        let (errors, warnings) = reader.finish();
        config.warnings = warnings;
        if errors.is_empty() {
            Ok(config)
        } else {
            Err(errors)
        }
    }
}

/// Where the portal beside this process says whether it can serve.
///
/// # Errors
/// Those of this setting, of the file, and of names that are no setting.
pub fn read_private_listen(environment: &Environment) -> Result<SocketAddr, Vec<SettingError>> {
    let mut reader = Reader::open(environment, SCHEMA);
    let address = reader.get(http::PRIVATE_LISTEN);
    let (errors, _) = reader.finish();
    if errors.is_empty() {
        Ok(address)
    } else {
        Err(errors)
    }
}
