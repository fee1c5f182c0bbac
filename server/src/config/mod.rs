//! Settings: a TOML file, and the environment over it. The one place that reads either.

mod branding;
mod database;
mod lifetimes;
mod limits;
mod maintenance;
mod reader;
mod table;
mod telemetry;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use url::Url;
use vestibule_cache::check_redis_url;
use vestibule_core::model::Language;
use vestibule_core::{
    HashSettings, Lifetimes, LimitSettings, MasterKey, PasswordPolicy, RegistrationMode, Retention,
};
use vestibule_mail::{InvalidMailSettings, MailSettings};
use vestibule_web::{ForwardedHeader, TrustedProxies};

pub use branding::BrandingConfig;
pub use database::DatabaseConfig;
pub use maintenance::{MaintenanceConfig, read_private_listen};
pub use reader::{Environment, Fault, ProcessEnvironment};
pub use table::{SETTINGS, Setting, reference};
pub use telemetry::LogConfig;

use reader::Reader;

use crate::middleware::is_loopback_name;

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
}

#[derive(Clone, Debug)]
pub struct HttpConfig {
    pub listen: SocketAddr,
    pub private_listen: SocketAddr,
    pub public_url: Url,
    pub allowed_hosts: Vec<String>,
    pub trusted_proxies: TrustedProxies,
    pub allowed_origins: Vec<String>,
    /// The folder with the site's assets; `None`: those inside the binary.
    pub site_dir: Option<PathBuf>,
    /// Connections at a time on the public port.
    pub max_connections: usize,
    /// How long the head of a request may take.
    pub header_timeout: Duration,
    /// How long the rest of it and its answer may take together.
    pub request_timeout: Duration,
    /// How long a connection may wait for another request.
    pub idle_timeout: Duration,
    /// How long readiness fails before the port closes.
    pub shutdown_grace: Duration,
}

#[derive(Clone, Debug)]
pub struct RedisConfig {
    /// `None`: limits and caches are those of this process.
    pub url: Option<SecretString>,
    /// The beginning of every key and channel.
    pub prefix: String,
}

#[derive(Clone, Debug)]
pub struct MailConfig {
    /// `None`: mails are kept in the data folder and shown at /dev/mailbox.
    pub smtp_url: Option<SecretString>,
    /// Address of a human who helps, shown on pages as well.
    pub support: Option<String>,
    pub settings: MailSettings,
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

impl Config {
    /// Reads every setting.
    ///
    /// # Errors
    /// All faults at once, each one line that names the setting and the mend.
    pub fn load(environment: &dyn Environment) -> Result<Self, Vec<Fault>> {
        let mut reader = Reader::open(environment);
        let config = Self::read(&mut reader);
        reader.finish(config)
    }

    fn read(reader: &mut Reader<'_>) -> Self {
        let mode = Mode::read(reader);
        let data_dir = PathBuf::from(reader.text("data_dir"));
        let http = HttpConfig::read(reader, mode);
        let branding = BrandingConfig::read(reader);
        let lifetimes = lifetimes::read(reader);
        let config = Self {
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
            master_key: read_master_key(reader, mode),
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
            data_dir,
            http,
            branding,
        };
        if mode == Mode::Production && !config.rate_limits {
            reader.fault(
                "rate_limits",
                "must be on in production: remove the setting",
            );
        }
        config
    }

    pub fn is_https(&self) -> bool {
        self.http.public_url.scheme() == "https"
    }

    /// The file of an embedded database, which serves this process alone.
    pub fn database_file(&self) -> Option<PathBuf> {
        self.database.file()
    }

    /// Whether /dev/mailbox is served: mails are kept instead of sent, and people reach the portal from this machine
    /// alone. A proxy may name us by a loopback address whoever its client is, so the public URL decides.
    pub fn shows_mailbox(&self) -> bool {
        let host = self.http.public_url.host_str();
        self.mail.smtp_url.is_none() && host.is_some_and(is_loopback_name)
    }

    pub fn is_single_process(&self) -> bool {
        self.database_file().is_some()
    }
}

impl HttpConfig {
    fn read(reader: &mut Reader<'_>, mode: Mode) -> Self {
        let listen: SocketAddr =
            reader.parsed("http.listen", "an address and port like 0.0.0.0:3000");
        let public_url = read_public_url(reader, mode, listen);
        let mut allowed_hosts = reader.list("http.allowed_hosts");
        allowed_hosts.extend(public_url.host_str().map(str::to_owned));
        Self {
            listen,
            private_listen: maintenance::private_listen(reader),
            allowed_hosts,
            trusted_proxies: read_trusted_proxies(reader),
            allowed_origins: read_origins(reader),
            site_dir: read_site_dir(reader),
            max_connections: reader.number("http.max_connections", 16, 1_000_000),
            header_timeout: reader.seconds("http.header_timeout_seconds", 1, 60),
            request_timeout: reader.seconds("http.request_timeout_seconds", 1, 60),
            idle_timeout: reader.seconds("http.idle_timeout_seconds", 1, 3600),
            shutdown_grace: read_shutdown_grace(reader, mode),
            public_url,
        }
    }
}

/// Long enough for a proxy to look twice; nobody waits for a developer's portal.
fn read_shutdown_grace(reader: &mut Reader<'_>, mode: Mode) -> Duration {
    let default = match mode {
        Mode::Production => 5,
        Mode::Development => 0,
    };
    let seconds = reader.optional_number("http.shutdown_grace_seconds", 0, 15);
    Duration::from_secs(seconds.unwrap_or(default))
}

fn read_public_url(reader: &mut Reader<'_>, mode: Mode, listen: SocketAddr) -> Url {
    let fallback = format!("http://{listen}");
    let text = reader.optional_text("http.public_url");
    if text.is_none() && mode == Mode::Production {
        reader.fault("http.public_url", "is needed in production: the https URL that people open, like https://auth.example.org");
    }
    let parsed = Url::parse(text.as_deref().unwrap_or(&fallback));
    let is_usable = |url: &Url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.path() == "/"
            && url.query().is_none()
    };
    let Some(url) = parsed.ok().filter(is_usable) else {
        reader.fault(
            "http.public_url",
            "must be scheme and host alone, like https://auth.example.org",
        );
        return Url::parse("http://127.0.0.1:3000")
            .unwrap_or_else(|_| unreachable!("a constant URL"));
    };
    if mode == Mode::Production && text.is_some() && url.scheme() != "https" {
        reader.fault("http.public_url", "must begin with https:// in production");
    }
    url
}

fn read_trusted_proxies(reader: &mut Reader<'_>) -> TrustedProxies {
    let networks = reader.list("http.trusted_proxies");
    let proxies = TrustedProxies::parse(networks.iter().map(String::as_str));
    let proxies = proxies.unwrap_or_else(|error| {
        reader.fault("http.trusted_proxies", &error.to_string());
        TrustedProxies::default()
    });
    proxies.reading(reader.choice(
        "http.forwarded_header",
        &[
            ("x-forwarded-for", ForwardedHeader::XForwardedFor),
            ("forwarded", ForwardedHeader::Forwarded),
        ],
    ))
}

fn read_site_dir(reader: &mut Reader<'_>) -> Option<PathBuf> {
    let folder = PathBuf::from(reader.optional_text("http.site_dir")?);
    if !folder.join("pkg").is_dir() {
        reader.fault(
            "http.site_dir",
            &format!(
                "names {}, which holds no built site: build it with `cargo xtask run`, or remove the setting",
                folder.display()
            ),
        );
    }
    Some(folder)
}

/// Whole origins: what a browser sends in `Origin`, compared as a whole.
fn read_origins(reader: &mut Reader<'_>) -> Vec<String> {
    let origins = reader.list("cors.allowed_origins");
    for origin in &origins {
        let is_origin = Url::parse(origin)
            .is_ok_and(|url| url.origin().ascii_serialization() == *origin && url.has_host());
        if !is_origin {
            reader.fault(
                "cors.allowed_origins",
                &format!("`{origin}` is not an origin like https://app.example.org"),
            );
        }
    }
    origins
}

fn read_default_language(reader: &mut Reader<'_>) -> Language {
    let choices: Vec<(&str, Language)> = Language::ALL
        .iter()
        .map(|language| (language.as_str(), *language))
        .collect();
    reader.choice("locale.default", &choices)
}

fn read_master_key(reader: &mut Reader<'_>, mode: Mode) -> Option<MasterKey> {
    let Some(text) = reader.optional_secret("secrets.master_key") else {
        if mode == Mode::Production {
            reader.fault(
                "secrets.master_key",
                "is needed in production: 32 random bytes, from `openssl rand -base64 32`",
            );
        }
        return None;
    };
    let key = MasterKey::parse(text.expose_secret()).ok();
    if key.is_none() {
        reader.fault(
            "secrets.master_key",
            "must be 32 bytes in base64, from `openssl rand -base64 32`",
        );
    }
    key
}

impl RedisConfig {
    fn read(reader: &mut Reader<'_>, mode: Mode) -> Self {
        let url = reader.optional_secret("redis.url");
        if let Some(url) = &url
            && let Err(error) = check_redis_url(url, mode == Mode::Production)
        {
            reader.fault("redis.url", &error.to_string());
        }
        let prefix = reader.text("redis.prefix");
        if prefix.is_empty()
            || !prefix
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_:.".contains(&byte))
        {
            reader.fault("redis.prefix", "must be letters, digits and any of - _ : .");
        }
        Self { url, prefix }
    }
}

impl MailConfig {
    fn read(
        reader: &mut Reader<'_>,
        mode: Mode,
        branding: &BrandingConfig,
        lifetimes: Lifetimes,
    ) -> Self {
        let is_production = mode == Mode::Production;
        let smtp_url = reader.optional_secret("mail.smtp_url");
        match &smtp_url {
            None if is_production => {
                reader.fault(
                    "mail.smtp_url",
                    "is needed in production, like smtps://user:password@mail.example.org",
                );
            }
            Some(url) => {
                if let Err(error) = vestibule_mail::validate_url(url.expose_secret(), is_production)
                {
                    reader.fault("mail.smtp_url", &error.to_string());
                }
            }
            None => {}
        }
        let from = reader.text("mail.from");
        if is_production && from == table::DEFAULT_FROM {
            reader.fault(
                "mail.from",
                "is needed in production, like \"Example <no-reply@example.org>\"",
            );
        }
        let support = reader.optional_text("mail.support_address");
        let settings = read_mail_settings(reader, branding, &from, support.as_deref());
        Self {
            smtp_url,
            support,
            settings: branding.dress(settings).with_lifetimes(lifetimes),
        }
    }
}

fn read_mail_settings(
    reader: &mut Reader<'_>,
    branding: &BrandingConfig,
    from: &str,
    support: Option<&str>,
) -> MailSettings {
    let settings = MailSettings::new(&branding.product_name, from, support).or_else(|error| {
        let (key, mend) = match error {
            InvalidMailSettings::ProductName => (
                "branding.product_name",
                "must be one line of 1 to 60 characters",
            ),
            InvalidMailSettings::From => (
                "mail.from",
                "must be an address like \"Example <no-reply@example.org>\"",
            ),
            InvalidMailSettings::Support => (
                "mail.support_address",
                "must be an address like help@example.org",
            ),
        };
        reader.fault(key, mend);
        MailSettings::new("Vestibule", table::DEFAULT_FROM, None)
    });
    settings.unwrap_or_else(|_| unreachable!("the default sender is an address"))
}

impl TokensConfig {
    fn read(reader: &mut Reader<'_>, public_url: &Url) -> Self {
        Self {
            audience: reader
                .optional_text("tokens.audience")
                .unwrap_or_else(|| issuer(public_url)),
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
        let hashing = HashSettings {
            memory_kib: reader.number("passwords.argon2_memory_kib", 1, 65_536),
            passes: reader.number("passwords.argon2_passes", 1, 10),
            threads: reader
                .optional_number("passwords.hash_threads", 1, 256)
                .unwrap_or(defaults.threads),
            queue: reader
                .optional_number("passwords.hash_queue", 1, 100_000)
                .unwrap_or(defaults.queue),
        };
        if !hashing.reaches_floor() {
            reader.fault("passwords.argon2_memory_kib", "and passwords.argon2_passes must reach 19456 with 2, 47104 with 1, or 12288 with 3");
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
