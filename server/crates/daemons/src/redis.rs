use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, Result};

use crate::daemon::{Daemon, Program, free_port, temporary_folder};

/// A Redis for this process alone that keeps nothing: killed, it comes back empty.
pub struct Redis {
    daemon: Daemon,
    address: SocketAddr,
}

impl Redis {
    /// The machine's own.
    pub fn start() -> Result<Self> {
        Self::start_by(Path::new("redis-server"))
    }

    pub fn start_by(program: &Path) -> Result<Self> {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()?));
        let port = address.port().to_string();
        let folder = temporary_folder("redis")?;
        let program = Program::listening(&program.to_string_lossy(), folder, address)
            .args(["--bind", "127.0.0.1", "--port", &port])
            .args(["--save", "", "--appendonly", "no"]);
        let daemon = Daemon::start(program).context("Redis")?;
        Ok(Self { daemon, address })
    }

    pub fn url(&self) -> String {
        format!("redis://{}/", self.address)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn daemon(&mut self) -> &mut Daemon {
        &mut self.daemon
    }
}
