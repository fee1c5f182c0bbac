//! The settings of commands that need few of them: what the others are, and whether they are there,
//! is nothing to them.

use std::net::SocketAddr;
use std::path::PathBuf;

use vestibule_core::MasterKey;

use super::reader::{Environment, Fault, Reader};
use super::{DatabaseConfig, LogConfig, Mode, read_master_key};

/// What looks after the database.
#[derive(Clone, Debug)]
pub struct MaintenanceConfig {
    pub mode: Mode,
    pub data_dir: PathBuf,
    pub database: DatabaseConfig,
    /// `None`: the one in the data folder.
    pub master_key: Option<MasterKey>,
    pub log: LogConfig,
}

impl MaintenanceConfig {
    /// Reads them.
    ///
    /// # Errors
    /// All faults at once.
    pub fn load(environment: &dyn Environment) -> Result<Self, Vec<Fault>> {
        let mut reader = Reader::open(environment);
        let mode = Mode::read(&mut reader);
        let data_dir = PathBuf::from(reader.text("data_dir"));
        let config = Self {
            mode,
            database: DatabaseConfig::read(&mut reader, mode, &data_dir),
            // Most of these commands need none.
            master_key: read_master_key(&mut reader, Mode::Development),
            log: LogConfig::read(&mut reader, mode),
            data_dir,
        };
        reader.finish(config)
    }
}

/// Where the portal beside us says whether it can serve.
///
/// # Errors
/// The faults of this setting and of the file.
pub fn read_private_listen(environment: &dyn Environment) -> Result<SocketAddr, Vec<Fault>> {
    let mut reader = Reader::open(environment);
    let address = private_listen(&mut reader);
    reader.finish(address)
}

pub(super) fn private_listen(reader: &mut Reader<'_>) -> SocketAddr {
    reader.parsed(
        "http.private_listen",
        "an address and port like 127.0.0.1:9464",
    )
}
