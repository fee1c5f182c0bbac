mod checks;
mod clients;
mod example;
mod names;
mod sources;
mod tables;

use std::time::Duration;

use secrecy::ExposeSecret as _;

use super::setting::Range;
use super::*;

fn load(variables: &[(&str, &str)]) -> Result<Config, Vec<String>> {
    Config::load(&variables.iter().copied().collect())
        .map_err(|errors| errors.iter().map(ToString::to_string).collect())
}

/// The only error that these settings have.
#[track_caller]
fn refused(variables: &[(&str, &str)]) -> String {
    let mut errors = load(variables).unwrap_err();
    assert_eq!(errors.len(), 1, "{errors:#?}");
    errors.remove(0)
}

/// The same: it is about the setting `name`, and says this, in one line.
#[track_caller]
fn refuses(variables: &[(&str, &str)], name: &str, says: &str) {
    let error = refused(variables);
    let is_meant = error.starts_with(name) && error.contains(says) && !error.contains('\n');
    assert!(is_meant, "{name}: {says}: {error}");
}

fn warnings(variables: &[(&str, &str)]) -> Vec<String> {
    let warnings = load(variables).unwrap().warnings;
    warnings.iter().map(ToString::to_string).collect()
}

/// A complete set for production, with these over it.
fn in_production<'a>(over: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut variables = vec![
        ("VESTIBULE_MODE", "production"),
        ("PUBLIC_URL", "https://auth.example.org"),
        ("VESTIBULE_MASTER_KEY", KEY),
        ("SMTP_URL", "smtps://user:not-a-secret@mail.example.org"),
        ("VESTIBULE_MAIL_FROM", "Example <no-reply@example.org>"),
        ("VESTIBULE_TRUSTED_PROXIES", "192.0.2.1"),
        (
            "DATABASE_URL",
            "postgres://db.example.org/x?sslmode=verify-full",
        ),
    ];
    variables.retain(|(name, _)| over.iter().all(|(other, _)| other != name));
    variables.extend(over);
    variables
}

/// How many settings are there once.
fn single_settings() -> usize {
    let settings = SCHEMA.settings();
    settings
        .filter(|setting| SCHEMA.table_of(setting).is_none())
        .count()
}

const KEY: &str = "qk1s8Zr0c5yT7vJb2mXe4wQhD9uLgNfP6aKoRiVjWxE=";

#[test]
fn nothing_is_needed_in_development() {
    let config = load(&[]).unwrap();
    assert_eq!(config.mode, Mode::Development);
    assert_eq!(config.http.public_url.as_str(), "http://localhost:3000/");
    assert_eq!(config.tokens.audience, "http://localhost:3000");
    assert_eq!(
        config.database.url.expose_secret(),
        "sqlite:data/vestibule.db"
    );
    assert!(config.rate_limits && config.has_database_lock() && !config.is_https());
    assert!(config.http.shutdown_grace.is_zero(), "nobody waits");
}

#[test]
fn development_is_opened_by_the_name_of_this_machine() {
    let is_opened_at = |listen: &str, url: &str| {
        let variables = [("VESTIBULE_LISTEN", listen)];
        let reading = Config::read(&variables.into_iter().collect());
        let (public_url, tokens) = (&reading.config.http.public_url, &reading.config.tokens);
        assert_eq!(issuer(public_url), url, "{listen}");
        assert_eq!(tokens.issuer, url, "{listen}");
        let shown: Vec<String> = reading.settings.iter().map(ToString::to_string).collect();
        let line = format!("PUBLIC_URL = {url}  (default)");
        assert!(shown.contains(&line), "{line} in {shown:#?}");
    };
    is_opened_at("127.0.0.1:8080", "http://localhost:8080");
    is_opened_at("127.0.0.1:80", "http://localhost");
    is_opened_at("[::1]:3000", "http://localhost:3000");
    is_opened_at("[::ffff:127.0.0.1]:3000", "http://localhost:3000");
    // These three are refused; what is shown of them is right all the same.
    is_opened_at("0.0.0.0:3000", "http://localhost:3000");
    is_opened_at("[::]:3000", "http://localhost:3000");
    is_opened_at("192.0.2.1:3000", "http://192.0.2.1:3000");
}

#[test]
fn production_names_everything_that_is_missing_at_once() {
    let errors = load(&[
        ("VESTIBULE_MODE", "production"),
        ("VESTIBULE_RATE_LIMITS", "off"),
        ("VESTIBULE_ACCENT", "#ffcc00"),
        ("VESTIBULE_ACCENT_DARK", "#000080"),
        ("VESTIBULE_LOGO", "/nonexistent/logo.svg"),
    ])
    .unwrap_err();
    for variable in [
        "PUBLIC_URL",
        "VESTIBULE_MASTER_KEY",
        "SMTP_URL",
        "VESTIBULE_MAIL_FROM",
        "VESTIBULE_RATE_LIMITS",
        "VESTIBULE_ACCENT ",
        "VESTIBULE_ACCENT_DARK",
        "VESTIBULE_LOGO",
    ] {
        assert!(
            errors.iter().any(|error| error.starts_with(variable)),
            "{variable} in {errors:#?}"
        );
    }
}

#[test]
fn a_complete_production_set_is_accepted() {
    let config = load(&in_production(&[])).unwrap();
    assert!(config.is_https() && !config.has_database_lock() && config.log.json);
    assert_eq!(config.http.shutdown_grace, Duration::from_secs(5));
    assert_eq!(issuer(&config.http.public_url), "https://auth.example.org");
}

/// What does not say for certain whether it encrypts is no setting for a network.
#[test]
fn production_wants_to_know_whether_the_database_is_reached_encrypted() {
    for url in [
        "postgres://ann:not-a-secret@db.example.org/x",
        "postgres://ann:not-a-secret@db.example.org/x?sslmode=prefer",
        "postgres://ann:not-a-secret@10.0.0.1/x?sslmode=allow",
    ] {
        let given = in_production(&[("DATABASE_URL", url)]);
        refuses(&given, "DATABASE_URL", "sslmode=verify-full");
        assert!(!refused(&given).contains("not-a-secret"), "{url}");
        assert!(
            load(&[("VESTIBULE_MODE", "development"), ("DATABASE_URL", url)]).is_ok(),
            "development forgives"
        );
    }
    for url in [
        "postgres://db.example.org/x?sslmode=verify-full",
        "postgres://db.example.org/x?sslmode=verify-ca",
        "postgres://db.example.org/x?sslmode=require",
        "postgres://db.example.org/x?sslmode=disable",
        "postgres://localhost/x",
        "postgres://127.0.0.1:5433/x",
        "postgres://[::1]/x",
        "postgres:///x?host=/run/postgresql",
        "sqlite:x.db",
    ] {
        load(&in_production(&[("DATABASE_URL", url)])).unwrap();
    }
}

/// The lines of a table: `VARIABLE=value | what is said about it`.
fn table(text: &'static str) -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    text.trim().lines().map(|line| {
        let (setting, says) = line.trim().split_once(" | ").unwrap();
        let (variable, value) = setting.split_once('=').unwrap();
        (variable, value, says)
    })
}

const WRONG: &str = "
    VESTIBULE_MODE=prod | must be development or production
    VESTIBULE_LISTEN=3000 | must be an address and port
    PUBLIC_URL=https://example.org/auth | must be scheme and host alone
    DATABASE_URL=mysql://x | must begin with sqlite: or postgres://
    DATABASE_URL=postgres://localhost?sslrootcert=/dev/null | only looked at with sslmode=verify-full or verify-ca
    VESTIBULE_DATABASE_CONNECT_TIMEOUT_MS=99 | must be a number from 100 to 60000
    VESTIBULE_DATABASE_CONNECT_TIMEOUT_MS=3001 | must be at most database.acquire_timeout_ms
    VESTIBULE_DATABASE_LOCK_TIMEOUT_MS=2501 | must be at most database.statement_timeout_ms
    VESTIBULE_AUDIT_RETENTION_DAYS=-1 | must be a number from 0 to 36500
    VESTIBULE_TRUSTED_PROXIES=10.0.0.0/40 | `10.0.0.0/40` is not an address or network like 10.0.0.0/8
    VESTIBULE_FORWARDED_HEADER=both | must be x-forwarded-for or forwarded
    VESTIBULE_CORS_ALLOWED_ORIGINS=https://app.example.org/ | is not an origin
    VESTIBULE_MASTER_KEY=c2hvcnQ= | must be 32 bytes in base64
    VESTIBULE_PASSWORD_MIN_LENGTH=7 | must be a number from 8 to 64
    VESTIBULE_ARGON2_MEMORY_KIB=8192 | must reach 19456 with 2
    VESTIBULE_REFRESH_GRACE_SECONDS=61 | must be a number from 0 to 60
    VESTIBULE_MAIL_FROM=nobody | must be an address
    VESTIBULE_LOG_FORMAT=xml | must be json or pretty
    VESTIBULE_SUPPORT_ADDRESS=help | must be an address like help@example.org
    VESTIBULE_ACCENT=teal | must be a colour like #0e6358, not `teal`
    VESTIBULE_ACCENT=#ffcc00 | has a contrast of 1.36 to 1 with them, and links need 4.5; the nearest that has is #
    VESTIBULE_ACCENT_DARK=#101010 | cannot be read on the dark pages
    VESTIBULE_LOGO=/nonexistent/logo.svg | cannot be read
    VESTIBULE_LANGUAGE=fr | must be en or de, not `fr`
    VESTIBULE_OIDC=yes | must be on or off, not `yes`
    VESTIBULE_RATE_LIMIT=off | is not a setting: did you mean VESTIBULE_RATE_LIMITS?
";

#[test]
fn each_wrong_setting_is_one_line_with_its_name_and_the_remedy() {
    let two_lines = (
        "VESTIBULE_PRODUCT_NAME",
        "two\nlines",
        "control character U+000A",
    );
    for (variable, value, remedy) in table(WRONG).chain([two_lines]) {
        refuses(&[(variable, value)], variable, remedy);
    }
}

#[test]
fn each_accent_is_that_of_its_theme() {
    let accents = [
        ("VESTIBULE_ACCENT", "#7A1F5C"),
        ("VESTIBULE_ACCENT_DARK", "#f0a6d4"),
    ];
    let theme = load(&accents).unwrap().branding.theme.unwrap();
    assert_eq!(theme.light.accent.to_string(), "#7a1f5c");
    assert_eq!(theme.dark.accent.to_string(), "#f0a6d4");
    assert!(load(&[]).unwrap().branding.theme.is_none());
}

#[test]
fn the_settings_reference_is_current() {
    let document = include_str!("../../../docs/CONFIG.md");
    let is_current = document.trim_end() == reference().trim_end();
    assert!(
        is_current,
        "run `vestibule config reference > docs/CONFIG.md`"
    );
}

#[test]
fn every_number_has_a_range_and_every_default_is_within_it() {
    for setting in SCHEMA.settings() {
        let default = setting.default.and_then(|text| text.parse::<u64>().ok());
        match (setting.range, default) {
            (Range::Numbers(least, most), Some(number)) => {
                assert!((least..=most).contains(&number), "{}", setting.key);
            }
            (Range::Numbers(least, most), None) => assert!(least < most, "{}", setting.key),
            (_, number) => assert_eq!(number, None, "{} has no range", setting.key),
        }
    }
}

#[test]
fn the_mailbox_is_shown_only_where_the_portal_is_opened_from_this_machine() {
    let shows = |variables: &[(&str, &str)]| load(variables).unwrap().shows_mailbox();
    assert!(shows(&[]));
    assert!(shows(&[("PUBLIC_URL", "http://localhost:8080")]));
    assert!(!shows(&[("PUBLIC_URL", "http://portal.localhost:3000")]));
    assert!(!shows(&[("SMTP_URL", "smtp://127.0.0.1:25")]));
}

#[test]
fn traces_go_where_the_standards_variable_says() {
    assert_eq!(load(&[]).unwrap().otlp_endpoint, None);
    let load = |url| load(&[("OTEL_EXPORTER_OTLP_ENDPOINT", url)]);
    assert_eq!(load("").unwrap().otlp_endpoint, None);
    for url in ["http://localhost:4318", "https://example.org/otlp/"] {
        let loaded = load(url).map(|config| config.otlp_endpoint);
        assert_eq!(loaded, Ok(Url::parse(url).ok()));
    }
}
