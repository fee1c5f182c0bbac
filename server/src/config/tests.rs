use std::collections::HashMap;

use super::*;

struct Variables(HashMap<String, String>);

impl Environment for Variables {
    fn variable(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }

    fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }
}

fn load(variables: &[(&str, &str)]) -> Result<Config, Vec<String>> {
    let variables = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    Config::load(&Variables(variables))
        .map_err(|faults| faults.iter().map(ToString::to_string).collect())
}

const KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

#[test]
fn nothing_is_needed_in_development() {
    let config = load(&[]).unwrap();
    assert_eq!(config.mode, Mode::Development);
    assert_eq!(config.http.public_url.as_str(), "http://127.0.0.1:3000/");
    assert_eq!(config.tokens.audience, "http://127.0.0.1:3000");
    assert_eq!(
        config.database.url.expose_secret(),
        "sqlite:data/vestibule.db"
    );
    assert!(config.rate_limits && config.is_single_process() && !config.is_https());
}

#[test]
fn production_names_everything_that_is_missing_at_once() {
    let faults = load(&[
        ("VESTIBULE_MODE", "production"),
        ("VESTIBULE_RATE_LIMITS", "off"),
    ])
    .unwrap_err();
    for variable in [
        "PUBLIC_URL",
        "VESTIBULE_MASTER_KEY",
        "SMTP_URL",
        "VESTIBULE_MAIL_FROM",
        "VESTIBULE_RATE_LIMITS",
    ] {
        assert!(
            faults.iter().any(|fault| fault.starts_with(variable)),
            "{variable} in {faults:#?}"
        );
    }
}

#[test]
fn a_complete_production_set_is_accepted() {
    let config = load(&[
        ("VESTIBULE_MODE", "production"),
        ("PUBLIC_URL", "https://auth.example.org"),
        ("VESTIBULE_MASTER_KEY", KEY),
        ("SMTP_URL", "smtps://user:not-a-secret@mail.example.org"),
        ("VESTIBULE_MAIL_FROM", "Example <no-reply@example.org>"),
        (
            "DATABASE_URL",
            "postgres://vestibule:not-a-secret@db.example.org/vestibule",
        ),
    ])
    .unwrap();
    assert!(config.is_https() && !config.is_single_process() && config.log.json);
    assert_eq!(issuer(&config.http.public_url), "https://auth.example.org");
}

#[test]
fn each_wrong_setting_is_one_line_with_its_name_and_the_mend() {
    let cases = [
        (
            ("VESTIBULE_MODE", "prod"),
            "must be development or production",
        ),
        (("VESTIBULE_LISTEN", "3000"), "must be an address and port"),
        (
            ("PUBLIC_URL", "https://example.org/auth"),
            "must be scheme and host alone",
        ),
        (
            ("DATABASE_URL", "mysql://x"),
            "must begin with sqlite: or postgres://",
        ),
        (
            ("VESTIBULE_TRUSTED_PROXIES", "10.0.0.0/40"),
            "is not an address or network",
        ),
        (
            ("VESTIBULE_CORS_ALLOWED_ORIGINS", "https://app.example.org/"),
            "is not an origin",
        ),
        (
            ("VESTIBULE_MASTER_KEY", "c2hvcnQ="),
            "must be 32 bytes in base64",
        ),
        (
            ("VESTIBULE_PASSWORD_MIN_LENGTH", "7"),
            "must be a number from 8 to 64",
        ),
        (
            ("VESTIBULE_ARGON2_MEMORY_KIB", "8192"),
            "must reach 19456 with 2",
        ),
        (
            ("VESTIBULE_REFRESH_GRACE_SECONDS", "61"),
            "must be a number from 0 to 60",
        ),
        (("VESTIBULE_MAIL_FROM", "nobody"), "must be an address"),
        (("VESTIBULE_LOG_FORMAT", "xml"), "must be json or pretty"),
        (
            ("VESTIBULE_SUPPORT_ADDRESS", "help"),
            "must be an address like help@example.org",
        ),
        (
            ("VESTIBULE_PRODUCT_NAME", "two\nlines"),
            "must be one line of 1 to 60 characters",
        ),
        (
            ("VESTIBULE_ACCENT", "teal"),
            "must be a colour like #0e6358, not `teal`",
        ),
        (
            ("VESTIBULE_ACCENT", "#ffcc00"),
            "has a contrast of 1.36 to 1 with them, and links need 4.5; the nearest that has is #",
        ),
        (
            ("VESTIBULE_ACCENT_DARK", "#101010"),
            "cannot be read on the dark pages",
        ),
        (
            ("VESTIBULE_LOGO", "/nonexistent/logo.svg"),
            "cannot be read",
        ),
        (("VESTIBULE_LANGUAGE", "fr"), "must be en or de, not `fr`"),
        (("VESTIBULE_RATE_LIMIT", "off"), "is not a setting"),
    ];
    for ((variable, value), mend) in cases {
        let faults = load(&[(variable, value)]).unwrap_err();
        assert_eq!(faults.len(), 1, "{faults:#?}");
        assert!(
            faults[0].starts_with(variable) && faults[0].contains(mend),
            "{}",
            faults[0]
        );
        assert!(!faults[0].contains('\n'));
    }
}

#[test]
fn the_file_is_read_and_the_environment_wins() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vestibule.toml");
    std::fs::write(&path, "[branding]\nproduct_name = \"From file\"\n[http]\ntrusted_proxies = [\"10.0.0.0/8\"]\n[passwords]\nmin_length = 12\n").unwrap();
    let path = path.to_str().unwrap();
    let config = load(&[("VESTIBULE_CONFIG", path)]).unwrap();
    assert_eq!(
        (
            config.branding.product_name.as_str(),
            config.passwords.policy.min_length
        ),
        ("From file", 12)
    );
    let config = load(&[
        ("VESTIBULE_CONFIG", path),
        ("VESTIBULE_PRODUCT_NAME", "From environment"),
    ])
    .unwrap();
    assert_eq!(config.branding.product_name, "From environment");

    std::fs::write(path, "[http]\nlissten = \"127.0.0.1:1\"\n").unwrap();
    assert_eq!(
        load(&[("VESTIBULE_CONFIG", path)]).unwrap_err(),
        ["http.lissten is not a setting: see docs/CONFIG.md for the names"]
    );
}

#[test]
fn all_faults_of_the_branding_are_told_at_once() {
    let faults = load(&[
        ("VESTIBULE_ACCENT", "#ffcc00"),
        ("VESTIBULE_ACCENT_DARK", "#000080"),
        ("VESTIBULE_LOGO", "/nonexistent/logo.svg"),
    ])
    .unwrap_err();
    let settings: Vec<&str> = faults
        .iter()
        .filter_map(|fault| fault.split(' ').next())
        .collect();
    assert_eq!(
        settings,
        [
            "VESTIBULE_ACCENT",
            "VESTIBULE_ACCENT_DARK",
            "VESTIBULE_LOGO"
        ]
    );
}

#[test]
fn an_accent_of_one_theme_carries_over_to_the_other() {
    let colours = |variables: &[(&str, &str)]| {
        let theme = load(variables).unwrap().branding.theme.unwrap();
        (
            theme.light.accent.to_string(),
            theme.dark.accent.to_string(),
        )
    };
    let (light, dark) = colours(&[("VESTIBULE_ACCENT", "#7A1F5C")]);
    assert_eq!(light, "#7a1f5c");
    assert_ne!(dark, light, "too dark for the dark pages");
    let (light, dark) = colours(&[("VESTIBULE_ACCENT_DARK", "#f0a6d4")]);
    assert_eq!(dark, "#f0a6d4");
    assert_ne!(light, dark, "too light for the light pages");
    let both = [
        ("VESTIBULE_ACCENT", "#7a1f5c"),
        ("VESTIBULE_ACCENT_DARK", "#f0a6d4"),
    ];
    assert_eq!(colours(&both), ("#7a1f5c".to_owned(), "#f0a6d4".to_owned()));
    assert!(load(&[]).unwrap().branding.theme.is_none());
}

#[test]
fn a_secret_comes_from_its_file_and_never_from_both() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    std::fs::write(&path, format!("{KEY}\n")).unwrap();
    let path = path.to_str().unwrap();
    assert!(
        load(&[("VESTIBULE_MASTER_KEY_FILE", path)])
            .unwrap()
            .master_key
            .is_some()
    );
    let faults = load(&[
        ("VESTIBULE_MASTER_KEY_FILE", path),
        ("VESTIBULE_MASTER_KEY", KEY),
    ])
    .unwrap_err();
    assert!(faults[0].contains("is given twice"), "{faults:?}");
    let faults = load(&[("VESTIBULE_MASTER_KEY_FILE", "/nonexistent/key")]).unwrap_err();
    assert!(faults[0].contains("cannot be read"), "{faults:?}");
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
fn the_mailbox_is_shown_only_where_the_portal_is_opened_from_this_machine() {
    let shows = |variables: &[(&str, &str)]| load(variables).unwrap().shows_mailbox();
    assert!(shows(&[]));
    assert!(shows(&[("PUBLIC_URL", "http://localhost:8080")]));
    assert!(!shows(&[("PUBLIC_URL", "https://auth.example.org")]));
    assert!(!shows(&[("VESTIBULE_LISTEN", "0.0.0.0:3000")]));
    assert!(!shows(&[("SMTP_URL", "smtp://127.0.0.1:25")]));
}
