use std::net::{SocketAddr, TcpStream};
use std::path::Path;

use anyhow::{Context, Result};

use crate::daemon::{Account, Daemon, Program, free_port, temporary_folder};

/// A Redis for this process alone that keeps nothing: killed, it comes back empty.
pub struct Redis {
    daemon: Daemon,
    port: u16,
}

impl Redis {
    /// The machine's own.
    ///
    /// # Errors
    /// If there is none, or it does not start.
    pub fn start() -> Result<Self> {
        Self::start_by(Path::new("redis-server"))
    }

    /// # Errors
    /// If the program does not start.
    pub fn start_by(program: &Path) -> Result<Self> {
        let port = free_port()?;
        let text = port.to_string();
        let args = [
            "--bind",
            "127.0.0.1",
            "--port",
            &text,
            "--save",
            "",
            "--appendonly",
            "no",
        ];
        let daemon = Daemon::start(Program {
            path: program.to_string_lossy().into_owned(),
            account: Account(None),
            args: args.map(str::to_owned).to_vec(),
            environment: Vec::new(),
            folder: temporary_folder("redis")?,
            is_ready: Box::new(move || TcpStream::connect(("127.0.0.1", port)).is_ok()),
        });
        Ok(Self {
            daemon: daemon.context("Redis")?,
            port,
        })
    }

    pub fn url(&self) -> String {
        format!("redis://{}/", self.address())
    }

    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    pub fn daemon(&mut self) -> &mut Daemon {
        &mut self.daemon
    }
}
