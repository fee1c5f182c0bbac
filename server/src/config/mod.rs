//! Settings: a TOML file, and the environment over it. The one place that reads either.

mod branding;
mod database;
mod development;
mod environment;
mod file;
mod http;
mod lifetimes;
mod limits;
mod mail;
mod maintenance;
mod master_key;
mod names;
mod origins;
mod places;
mod reader;
mod reference;
mod report;
mod secret_url;
mod setting;
mod setting_error;
mod table;
mod telemetry;
mod warnings;

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use url::Url;
use vestibule_cache::check_redis_url;
use vestibule_core::model::Language;
use vestibule_core::{
    HashSettings, Lifetimes, LimitSettings, MasterKey, PasswordPolicy, RegistrationMode, Retention,
};

pub use branding::BrandingConfig;
pub use database::DatabaseConfig;
pub use environment::Environment;
pub use http::HttpConfig;
pub use mail::MailConfig;
pub use maintenance::{MaintenanceConfig, read_private_listen};
pub use reference::reference;
pub use report::Shown;
pub use setting::Setting;
pub use setting_error::SettingError;
pub use table::SETTINGS;
pub use telemetry::LogConfig;

use reader::Reader;

use crate::http::middleware::is_loopback_name;

/// Development forgives and explains; production refuses what is unsafe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Development,
    Production,
}

impl Mode {
    fn read(reader: &mut Reader<'_>) -> Self {
        reader.choice(
            "mode",
            &[
                ("development", Self::Development),
                ("production", Self::Production),
            ],
        )
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Production => "production",
        }
    }
}

/// Every setting, read and checked.
#[derive(Clone, Debug)]
pub struct Config {
    pub mode: Mode,
    pub data_dir: PathBuf,
    pub http: HttpConfig,
    pub database: DatabaseConfig,
    pub redis: RedisConfig,
    pub mail: MailConfig,
    pub tokens: TokensConfig,
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
    pub log: LogConfig,
    /// The collector of OpenTelemetry that takes traces; `None`: none are made.
    pub otlp_endpoint: Option<Url>,
    /// What is not as it should be and still no reason not to start.
    pub warnings: Vec<SettingError>,
}

#[derive(Clone, Debug)]
pub struct RedisConfig {
    /// `None`: limits and caches are those of this process.
    pub url: Option<SecretString>,
    /// The beginning of every key and channel.
    pub prefix: String,
}

#[derive(Clone, Debug)]
pub struct TokensConfig {
    pub audience: String,
    pub refresh_grace: Duration,
}

#[derive(Clone, Debug)]
pub struct PasswordsConfig {
    pub policy: PasswordPolicy,
    pub hashing: HashSettings,
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
        let mut reader = Reader::open(environment);
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
        let mode = Mode::read(reader);
        let data_dir = PathBuf::from(reader.text("data_dir"));
        let http = HttpConfig::read(reader, mode);
        let branding = BrandingConfig::read(reader);
        let lifetimes = lifetimes::read(reader);
        Self {
            mode,
            database: DatabaseConfig::read(reader, mode, &data_dir),
            redis: RedisConfig::read(reader, mode),
            mail: MailConfig::read(reader, mode, &branding, lifetimes),
            tokens: TokensConfig::read(reader, &http.public_url),
            passwords: PasswordsConfig::read(reader, &branding.product_name, &http.public_url),
            registration: reader.choice(
                "registration.mode",
                &[
                    ("open", RegistrationMode::Open),
                    ("private", RegistrationMode::Private),
                ],
            ),
            master_key: master_key::read(reader, mode),
            default_language: read_default_language(reader),
            rate_limits: reader.switch("rate_limits"),
            limits: limits::read(reader),
            lifetimes,
            retention: Retention {
                audit_days: reader.number("retention.audit_days", 0, 36_500),
                unverified_days: reader.number("retention.unverified_days", 0, 3650),
            },
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
                "rate_limits",
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

    /// The file of an embedded database, which serves this process alone.
    pub fn database_file(&self) -> Option<PathBuf> {
        self.database.file()
    }

    /// Whether /dev/mailbox is served: mails are kept instead of sent, and people reach the portal
    /// from this machine alone. A proxy may name the portal by a loopback
    /// address for any client, so the public URL decides.
    pub fn shows_mailbox(&self) -> bool {
        let host = self.http.public_url.host_str();
        self.mail.smtp_url.is_none() && host.is_some_and(is_loopback_name)
    }

    pub fn is_single_process(&self) -> bool {
        self.database_file().is_some()
    }

    /// Whether the embedded database, a generated key or
    /// the development mailbox is kept in the data folder.
    pub fn needs_data_dir(&self) -> bool {
        self.is_single_process() || self.master_key.is_none() || self.mail.smtp_url.is_none()
    }
}

fn read_default_language(reader: &mut Reader<'_>) -> Language {
    let choices: Vec<(&str, Language)> = Language::ALL
        .iter()
        .map(|language| (language.as_str(), *language))
        .collect();
    reader.choice("locale.default", &choices)
}

impl RedisConfig {
    fn read(reader: &mut Reader<'_>, mode: Mode) -> Self {
        let prefix = reader.text("redis.prefix");
        let is_production = mode == Mode::Production;
        let url = reader.secret_url("redis.url", |url| check_redis_url(url, is_production));
        if prefix.is_empty()
            || !prefix
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_:.".contains(&byte))
        {
            reader.refuse("redis.prefix", "must be letters, digits and any of - _ : .");
        }
        Self { url, prefix }
    }
}

impl TokensConfig {
    fn read(reader: &mut Reader<'_>, public_url: &Url) -> Self {
        Self {
            audience: reader.optional_text("tokens.audience").unwrap_or_else(|| {
                let issuer = issuer(public_url);
                reader.derive("tokens.audience", &issuer);
                issuer
            }),
            refresh_grace: Duration::from_secs(reader.number(
                "tokens.refresh_grace_seconds",
                0,
                60,
            )),
        }
    }
}

/// The `iss` claim: the public URL without its trailing slash.
pub fn issuer(public_url: &Url) -> String {
    public_url.as_str().trim_end_matches('/').to_owned()
}

impl PasswordsConfig {
    fn read(reader: &mut Reader<'_>, product_name: &str, public_url: &Url) -> Self {
        let defaults = HashSettings::default();
        reader.derive("passwords.hash_threads", defaults.threads);
        reader.derive("passwords.hash_queue", defaults.queue);
        let hashing = HashSettings {
            memory_kib: reader.number("passwords.argon2_memory_kib", 1, 65_536),
            passes: reader.number("passwords.argon2_passes", 1, 10),
            threads: reader
                .optional_number("passwords.hash_threads", 1, 256)
                .unwrap_or(defaults.threads),
            queue: reader
                .optional_number("passwords.hash_queue", 1, 100_000)
                .unwrap_or(defaults.queue),
            max_wait: defaults.max_wait,
        };
        if !hashing.reaches_floor() {
            reader.refuse("passwords.argon2_memory_kib", "and passwords.argon2_passes must reach 19456 with 2, 47104 with 1, or 12288 with 3");
        }
        let policy = PasswordPolicy {
            min_length: reader.number("passwords.min_length", PasswordPolicy::MIN_LENGTH_FLOOR, 64),
            context_words: [Some(product_name), public_url.host_str()]
                .into_iter()
                .flatten()
                .map(str::to_owned)
                .collect(),
        };
        Self { policy, hashing }
    }
}

#[cfg(test)]
mod tests;
