//! A portal under measurement, with what it costs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tempfile::TempDir;
use vestibule_daemons::proc::Cmd;
use vestibule_daemons::{Postgres, Redis, free_port};

use super::client::Client;
use super::server::{self, Row, Server};
use crate::frontend::SITE;
use crate::tools::target_folder;

pub const PASSWORD: &str = "violet harbour quartz 42";

/// What the portal keeps its accounts in.
pub struct Backing {
    pub name: &'static str,
    pub postgres: Option<Postgres>,
    pub redis: Option<Redis>,
    folder: TempDir,
}

impl Backing {
    pub fn new(
        name: &'static str,
        postgres: Option<Postgres>,
        redis: Option<Redis>,
    ) -> Result<Self> {
        if let Some(postgres) = &postgres {
            postgres.create("portal")?;
        }
        Ok(Self {
            name,
            postgres,
            redis,
            folder: server::folder()?,
        })
    }

    fn command(&self, binary: &Path, [port, private]: [u16; 2]) -> Cmd {
        let data = self.folder.path().join("data");
        let mut command = Cmd::new(binary)
            .arg("serve")
            .dir(self.folder.path())
            .without_settings()
            .env("VESTIBULE_MODE", "development")
            .env("VESTIBULE_RATE_LIMITS", "off")
            .env("VESTIBULE_LISTEN", format!("127.0.0.1:{port}"))
            .env("VESTIBULE_PRIVATE_LISTEN", format!("127.0.0.1:{private}"))
            .env("VESTIBULE_DATA_DIR", data);
        if let Ok(site) = fs::canonicalize(SITE) {
            command = command.env("VESTIBULE_SITE_DIR", site);
        }
        if let Some(postgres) = &self.postgres {
            command = command.env(
                "DATABASE_URL",
                format!("{}?sslmode=disable", postgres.url("portal")),
            );
        }
        if let Some(redis) = &self.redis {
            command = command.env("REDIS_URL", redis.url());
        }
        // The log is written as in production, and read by nobody.
        command
            .command()
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }
}

/// A running portal. It ends with this value.
pub struct Portal<'a> {
    pub server: Server,
    pub backing: &'a Backing,
}

impl<'a> Portal<'a> {
    pub fn start(binary: &Path, backing: &'a Backing) -> Result<Self> {
        let port = free_port()?;
        let command = backing.command(binary, [port, free_port()?]);
        let name = format!("the portal on {}", backing.name);
        Ok(Self {
            server: Server::start(&name, command, port, "/health/ready")?,
            backing,
        })
    }

    /// Registers so many accounts, and gives the tokens of each.
    pub fn register(&self, accounts: usize) -> Result<Vec<Tokens>> {
        let mut client = Client::connect(self.server.port)?;
        let mut all = Vec::new();
        for number in 0..accounts {
            let body = json!({ "email": email(number), "password": PASSWORD });
            let status = client.post("/api/v1/auth/register", "", &body.to_string())?;
            ensure!(status == 201, "a registration was answered by {status}");
            all.push(Tokens::read(&client)?);
        }
        Ok(all)
    }

    /// Measures what the clients do.
    pub fn measure<C: FnMut() -> Result<()> + Send>(
        &self,
        request: &'static str,
        clients: Vec<C>,
        time: Duration,
    ) -> Result<Row> {
        let database = self.backing.postgres.as_ref();
        server::measure([self.backing.name, request], clients, time, || {
            (self.server.cpu(), database.map(Postgres::cpu_time))
        })
    }
}

pub fn email(number: usize) -> String {
    format!("user-{number}@example.org")
}

#[derive(Clone)]
pub struct Tokens {
    pub access: String,
    pub refresh: String,
}

impl Tokens {
    pub fn read(client: &Client) -> Result<Self> {
        let json = client.json()?;
        let text = |name: &str| json[name].as_str().map(str::to_owned).context("no token");
        Ok(Self {
            access: text("access_token")?,
            refresh: text("refresh_token")?,
        })
    }
}

/// Builds the portal as it is measured, and the program that hashes and does nothing else; gives
/// their folder.
pub fn build() -> Result<PathBuf> {
    for what in ["vestibule", "vestibule-core --example hash_rate"] {
        Cmd::line(&format!(
            "cargo build --locked --profile measured --package {what}"
        ))
        .run()?;
    }
    Ok(target_folder()?.join("measured"))
}
