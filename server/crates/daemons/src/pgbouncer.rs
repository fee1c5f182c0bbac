use std::fs;
use std::net::SocketAddr;

use anyhow::{Context, Result};

use crate::daemon::{Daemon, Program, free_port, temporary_folder};
use crate::postgres::{account, hand_over};
use crate::proc::find;

/// `PgBouncer` with its default settings before a PostgreSQL server.
pub struct PgBouncer {
    _daemon: Daemon,
    address: SocketAddr,
}

impl PgBouncer {
    /// Starts it before the server of a URL `postgres://user:password@address/...`; `pool_mode` is
    /// `session`, `transaction` or `statement`.
    pub fn before(url: &str, pool_mode: &str) -> Result<Self> {
        let (user, password, server) = parts(url)?;
        let (host, port) = server.rsplit_once(':').context("the URL has no port")?;
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()?));
        let account = account()?;
        let folder = temporary_folder("pgbouncer")?;
        let users = folder.path().join("users");
        let settings = folder.path().join("pgbouncer.ini");
        fs::write(&users, format!("\"{user}\" \"{password}\"\n"))?;
        let text = format!(
            "[databases]\n* = host={host} port={port}\n\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {}\nunix_socket_dir =\nauth_type = trust\nauth_file = {}\npool_mode = {pool_mode}\n",
            address.port(),
            users.display()
        );
        fs::write(&settings, text)?;
        for path in [folder.path(), &users, &settings] {
            hand_over(path, account)?;
        }
        let program = program().context("PgBouncer: install the package pgbouncer")?;
        let daemon = Daemon::start(Program {
            account,
            args: vec![settings.display().to_string()],
            ..Program::listening(&program, folder, address)
        });
        Ok(Self {
            _daemon: daemon.context("PgBouncer")?,
            address,
        })
    }

    pub fn is_installed() -> bool {
        program().is_some()
    }

    /// The URL, by way of this.
    pub fn url(&self, url: &str) -> Result<String> {
        let (_, _, server) = parts(url)?;
        Ok(url.replacen(server, &self.address.to_string(), 1))
    }
}

/// Debian keeps it where servers are, which not everybody searches.
fn program() -> Option<String> {
    let found = find("pgbouncer").unwrap_or_else(|| "/usr/sbin/pgbouncer".into());
    found.is_file().then(|| found.display().to_string())
}

/// User, password and address.
fn parts(url: &str) -> Result<(&str, &str, &str)> {
    let (_, rest) = url.split_once("://").context("not a URL")?;
    let (authority, _) = rest.split_once('/').context("the URL names no database")?;
    let (user, server) = authority
        .rsplit_once('@')
        .context("the URL names no user")?;
    let (user, password) = user.split_once(':').unwrap_or((user, ""));
    Ok((user, password, server))
}
