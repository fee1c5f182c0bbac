use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;

use anyhow::{Context, Result};

use crate::daemon::{Account, Daemon, Program, free_port, temporary_folder};

/// HAProxy with the configuration that the project gives operators, before three replicas.
pub struct HaProxy {
    _daemon: Daemon,
    address: SocketAddr,
}

impl HaProxy {
    /// Starts it on a free port. `configuration` reads `LISTEN` and `REPLICA_1` to `REPLICA_3` from its environment.
    pub fn start(configuration: &Path, replicas: [SocketAddr; 3]) -> Result<Self> {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()?));
        let configuration = fs::canonicalize(configuration)
            .with_context(|| format!("there is no {}", configuration.display()))?;
        let daemon = Daemon::start(Program {
            path: "haproxy".to_owned(),
            account: Account(None),
            args: vec![
                // In the foreground.
                "-db".to_owned(),
                "-f".to_owned(),
                configuration.display().to_string(),
            ],
            environment: vec![
                ("LISTEN", address.to_string()),
                ("REPLICA_1", replicas[0].to_string()),
                ("REPLICA_2", replicas[1].to_string()),
                ("REPLICA_3", replicas[2].to_string()),
            ],
            folder: temporary_folder("haproxy")?,
            is_ready: Box::new(move || TcpStream::connect(address).is_ok()),
        });
        Ok(Self {
            _daemon: daemon.context("HAProxy")?,
            address,
        })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }
}
