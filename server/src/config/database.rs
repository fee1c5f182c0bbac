use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use vestibule_storage::{Pooling, StorageSettings, check_url, sqlite_file};

use super::Mode;
use super::reader::Reader;

#[derive(Clone, Debug)]
pub struct DatabaseConfig {
    pub url: SecretString,
    pub storage: StorageSettings,
    pub migrate_on_start: bool,
}

impl DatabaseConfig {
    pub(super) fn read(reader: &mut Reader<'_>, mode: Mode, data_dir: &Path) -> Self {
        let default = format!("sqlite:{}", data_dir.join("vestibule.db").display());
        reader.derive("database.url", &default);
        let url = reader.secret_url("database.url", |url| {
            check_url(url.expose_secret(), mode == Mode::Production)
        });
        Self {
            url: url.unwrap_or_else(|| default.into()),
            storage: read_storage(reader),
            migrate_on_start: reader.switch("database.migrate_on_start"),
        }
    }

    /// The file of an embedded database.
    pub fn file(&self) -> Option<PathBuf> {
        sqlite_file(self.url.expose_secret())
    }
}

fn read_storage(reader: &mut Reader<'_>) -> StorageSettings {
    let mut millis = |key| Duration::from_millis(reader.number(key, 100, 60_000));
    let settings = StorageSettings {
        connect_timeout: millis("database.connect_timeout_ms"),
        acquire_timeout: millis("database.acquire_timeout_ms"),
        statement_timeout: millis("database.statement_timeout_ms"),
        lock_timeout: millis("database.lock_timeout_ms"),
        max_connections: reader.number("database.max_connections", 2, 1000),
        pooling: reader.choice(
            "database.pooling",
            &[
                ("session", Pooling::Session),
                ("transaction", Pooling::Transaction),
            ],
        ),
        ..StorageSettings::default()
    };
    if settings.connect_timeout > settings.acquire_timeout {
        reader.refuse(
            "database.connect_timeout_ms",
            "must be at most database.acquire_timeout_ms, which includes it",
        );
    }
    if settings.lock_timeout > settings.statement_timeout {
        reader.refuse(
            "database.lock_timeout_ms",
            "must be at most database.statement_timeout_ms, which includes it",
        );
    }
    settings
}
