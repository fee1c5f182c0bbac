use std::net::SocketAddr;

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::daemon::{Daemon, Program, temporary_folder};

/// A server of the monitoring: Prometheus, Alertmanager or an exporter.
pub struct Monitor {
    _daemon: Daemon,
    address: SocketAddr,
}

impl Monitor {
    /// A folder for its files, which is gone with it.
    pub fn folder() -> Result<TempDir> {
        temporary_folder("monitor")
    }

    /// Starts it in a folder that has its files; the
    /// arguments tell it to listen on this port of 127.0.0.1.
    pub fn start(program: &str, args: &[String], port: u16, folder: TempDir) -> Result<Self> {
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let daemon = Daemon::start(Program::listening(program, folder, address).args(args));
        Ok(Self {
            _daemon: daemon.with_context(|| program.to_owned())?,
            address,
        })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }
}
