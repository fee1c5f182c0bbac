//! Settings: a TOML file, and the environment over it. The one place that reads either.

mod branding;
mod cors;
mod database;
mod development;
mod environment;
mod file;
mod http;
mod lifetimes;
mod limits;
mod locale;
mod mail;
mod maintenance;
mod master_key;
mod mode;
mod names;
mod oidc;
mod passwords;
mod places;
mod reader;
mod redis;
mod reference;
mod registration;
mod report;
mod retention;
mod schema;
mod secret_url;
mod setting;
mod setting_error;
mod telemetry;
mod tokens;
mod value;
mod warnings;

use std::path::PathBuf;

use url::Url;
use vestibule_core::model::Language;
use vestibule_core::{
    Lifetimes, LimitSettings, MasterKey, RegistrationMode, Retention, TokenSettings, is_loopback,
};

pub use branding::BrandingConfig;
pub use database::DatabaseConfig;
pub use environment::Environment;
pub(crate) use file::read_text;
pub use http::{HttpConfig, issuer};
pub use mail::MailConfig;
pub use maintenance::{MaintenanceConfig, read_private_listen};
pub use mode::Mode;
pub use oidc::OidcConfig;
pub use passwords::PasswordsConfig;
pub use redis::RedisConfig;
pub use reference::{example, reference};
pub use report::Shown;
pub use setting_error::SettingError;
pub use telemetry::LogConfig;
pub(crate) use value::choose;

use reader::Reader;
use schema::SCHEMA;

/// Every setting, read and checked.
#[derive(Clone, Debug)]
pub struct Config {
    pub mode: Mode,
    pub data_dir: PathBuf,
    pub http: HttpConfig,
    pub database: DatabaseConfig,
    pub redis: RedisConfig,
    pub mail: MailConfig,
    pub tokens: TokenSettings,
    pub passwords: PasswordsConfig,
    pub registration: RegistrationMode,
    /// `None`: made at the first start and kept in the data folder.
    pub master_key: Option<MasterKey>,
    pub branding: BrandingConfig,
    /// For who asks for no language that there is.
    pub default_language: Language,
    pub rate_limits: bool,
    pub limits: LimitSettings,
    pub lifetimes: Lifetimes,
    pub retention: Retention,
    pub oidc: OidcConfig,
    pub log: LogConfig,
    /// The collector of OpenTelemetry that takes traces; `None`: none are made.
    pub otlp_endpoint: Option<Url>,
    /// What is not as it should be and still no reason not to start.
    pub warnings: Vec<SettingError>,
}

/// What reading the settings came to, good or not.
pub struct Reading {
    pub config: Config,
    pub errors: Vec<SettingError>,
    /// Every setting, what it is, and where that comes from.
    pub settings: Vec<Shown>,
}

impl Config {
    /// Reads every setting.
    ///
    /// # Errors
    /// All errors at once, each one line that names the setting and the remedy.
    pub fn load(environment: &Environment) -> Result<Self, Vec<SettingError>> {
        let reading = Self::read(environment);
        if reading.errors.is_empty() {
            Ok(reading.config)
        } else {
            Err(reading.errors)
        }
    }

    /// The same for those who want to see the settings also where they are wrong.
    pub fn read(environment: &Environment) -> Reading {
        let mut reader = Reader::open(environment, SCHEMA);
        let mut config = Self::read_settings(&mut reader);
        config.check_together(&mut reader);
        let settings = reader.shown();
        let (errors, warnings) = reader.finish();
        config.warnings = warnings;
        Reading {
            config,
            errors,
            settings,
        }
    }

    fn read_settings(reader: &mut Reader<'_>) -> Self {
        let mode = reader.get(mode::MODE);
        let data_dir = PathBuf::from(reader.get(mode::DATA_DIR));
        let http = HttpConfig::read(reader, mode);
        let branding = BrandingConfig::read(reader);
        let lifetimes = lifetimes::read(reader);
        Self {
            mode,
            database: DatabaseConfig::read(reader, mode, &data_dir),
            redis: RedisConfig::read(reader, mode),
            mail: MailConfig::read(reader, mode, &branding, lifetimes),
            tokens: tokens::read(reader, &http.public_url),
            passwords: PasswordsConfig::read(reader, &branding.product_name, &http.public_url),
            registration: reader.get(registration::MODE),
            master_key: master_key::read(reader, mode),
            default_language: reader.get(locale::DEFAULT),
            rate_limits: reader.get(limits::RATE_LIMITS),
            limits: limits::read(reader),
            lifetimes,
            retention: retention::read(reader),
            oidc: OidcConfig::read(reader),
            log: LogConfig::read(reader, mode),
            otlp_endpoint: telemetry::read_otlp_endpoint(reader),
            warnings: Vec::new(),
            data_dir,
            http,
            branding,
        }
    }

    /// What only several settings together show.
    fn check_together(&self, reader: &mut Reader<'_>) {
        if self.mode == Mode::Production && !self.rate_limits {
            reader.refuse(
                limits::RATE_LIMITS,
                "must be on in production: remove the setting",
            );
        }
        development::check(reader, self);
        places::check(reader, self);
        warnings::check(reader, self);
    }

    pub fn is_https(&self) -> bool {
        self.http.public_url.scheme() == "https"
    }

    /// Whether /dev/mailbox is served: mails are kept instead of sent, and people reach the portal
    /// from this machine alone. A proxy may name the portal by a loopback
    /// address for any client, so the public URL decides.
    pub fn shows_mailbox(&self) -> bool {
        let host = self.http.public_url.host_str();
        self.mail.smtp_url.is_none() && host.is_some_and(is_loopback)
    }

    /// Whether the portal holds the lock of its database: an embedded one serves one process alone.
    pub fn has_database_lock(&self) -> bool {
        self.database.file().is_some()
    }

    /// Whether the embedded database, a generated key or
    /// the development mailbox is kept in the data folder.
    pub fn needs_data_dir(&self) -> bool {
        self.has_database_lock() || self.master_key.is_none() || self.mail.smtp_url.is_none()
    }
}

#[cfg(test)]
mod tests;
