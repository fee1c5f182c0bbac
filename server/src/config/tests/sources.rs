//! Where values come from, and what is not a value.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::*;

/// The folder goes with the first value.
pub fn file(name: &str, content: impl AsRef<[u8]>) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

#[test]
fn a_value_that_is_not_text_stops_the_start() {
    for name in [
        "VESTIBULE_MODE",
        "PUBLIC_URL",
        "DATABASE_URL",
        "VESTIBULE_LOG",
    ] {
        let value = OsString::from_vec(b"production\xff".to_vec());
        let environment = Environment::from_iter([(name, value)]);
        let errors = Config::load(&environment).unwrap_err();
        assert_eq!(errors.len(), 1, "{errors:#?}");
        let error = errors[0].to_string();
        assert!(
            error.starts_with(name) && error.ends_with("is not text in UTF-8"),
            "{error}"
        );
    }
    let name = OsString::from_vec(b"VESTIBULE_MODE\xff".to_vec());
    let environment = Environment::from_iter([(name, "production")]);
    assert_eq!(Config::load(&environment).unwrap_err().len(), 1);
}

#[test]
fn blanks_around_a_value_do_not_count_and_an_empty_one_is_none() {
    let config = load(&[
        ("VESTIBULE_LISTEN", " 127.0.0.1:3001\r"),
        ("VESTIBULE_MODE", ""),
        ("DATABASE_URL", ""),
        ("DATABASE_URL_FILE", ""),
        ("REDIS_URL_FILE", ""),
        ("VESTIBULE_CONFIG", ""),
        ("VESTIBULE_DATA_DIR", " "),
    ])
    .unwrap();
    assert_eq!(config.http.listen.port(), 3001);
    assert_eq!(config.mode, Mode::Development);
    assert!(config.redis.url.is_none());
    assert_eq!(config.data_dir, Path::new("data"));
}

#[test]
fn quotes_and_control_characters_are_no_part_of_a_value() {
    for (value, says) in [
        ("\"data\"", "is in quotes"),
        ("'data'", "is in quotes"),
        ("da\nta", "U+000A"),
        ("da\tta", "U+0009"),
    ] {
        refuses(&[("VESTIBULE_DATA_DIR", value)], "VESTIBULE_DATA_DIR", says);
    }
}

#[test]
fn a_secret_comes_from_its_file_and_never_from_both() {
    for content in [
        format!("{KEY}\n"),
        format!("\u{feff}{KEY}\r\n"),
        KEY.to_owned(),
    ] {
        let (_folder, path) = file("key", content);
        let config = load(&[("VESTIBULE_MASTER_KEY_FILE", &path)]).unwrap();
        assert!(config.master_key.is_some());
        let both = [
            ("VESTIBULE_MASTER_KEY_FILE", path.as_str()),
            ("VESTIBULE_MASTER_KEY", KEY),
        ];
        refuses(&both, "VESTIBULE_MASTER_KEY", "is given twice");
    }
}

#[test]
fn a_secret_file_that_holds_no_secret_stops_the_start() {
    let (folder, _) = file("key", "");
    let utf_16: Vec<u8> = "\u{feff}x"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    for (name, content, says) in [
        ("empty", Vec::new(), "which is empty"),
        ("blank", b" \n".to_vec(), "which is empty"),
        ("utf-16", utf_16, "save it as UTF-8"),
        ("two-lines", b"sqlite:a.db\nsqlite:b.db".to_vec(), "U+000A"),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        let given = [("DATABASE_URL_FILE", path.to_str().unwrap())];
        refuses(&given, "DATABASE_URL", says);
    }
    for path in ["/nonexistent/key", folder.path().to_str().unwrap()] {
        let given = [("DATABASE_URL_FILE", path)];
        refuses(&given, "DATABASE_URL", "which cannot be read");
    }
}

#[test]
fn the_file_is_read_and_the_environment_wins() {
    let (_folder, path) = file(
        "vestibule.toml",
        "\u{feff}[branding]\nproduct_name = \"From file\"\n[http]\ntrusted_proxies = [\"10.0.0.0/8\", \"::1\"]\nmax_connections = 0x100\n[passwords]\nmin_length = 12\n",
    );
    let config = load(&[("VESTIBULE_CONFIG", &path)]).unwrap();
    assert_eq!(config.branding.product_name, "From file");
    assert_eq!(config.passwords.policy.min_length, 12);
    assert_eq!(config.http.max_connections, 256);
    let config = load(&[
        ("VESTIBULE_CONFIG", &path),
        ("VESTIBULE_PRODUCT_NAME", "From environment"),
    ])
    .unwrap();
    assert_eq!(config.branding.product_name, "From environment");
}

#[test]
fn an_error_in_the_file_names_the_file() {
    for (content, says) in [
        (
            "[http]\nlissten = \"127.0.0.1:1\"\n",
            "http.lissten in FILE is not a setting: did you mean http.listen?",
        ),
        ("[htttp]\n", "htttp in FILE is not a setting"),
        ("http = 3\n", "http in FILE is not a setting"),
        ("[mode]\nx = 1\n", "mode in FILE must be text"),
        (
            "mode = [\"production\"]\n",
            "VESTIBULE_MODE (mode in FILE) takes one value and not a list",
        ),
        (
            "mode = \"prod\"\n",
            "VESTIBULE_MODE (mode in FILE) must be development or production",
        ),
        (
            "[http]\nallowed_hosts = [\"a.example,b.example\"]\n",
            "http.allowed_hosts in FILE must be text",
        ),
        (
            "mode = \"development\"\n[secrets]\nmaster_key = \"not-a-secret\n",
            "FILE is not TOML at line 3: ",
        ),
        ("\u{1}", "FILE is not TOML at line 1: "),
    ] {
        let (_folder, path) = file("vestibule.toml", content);
        let error = refused(&[("VESTIBULE_CONFIG", &path)]);
        assert!(error.starts_with(&says.replace("FILE", &path)), "{error}");
        assert!(
            !error.contains('\n') && !error.contains("not-a-secret"),
            "{error}"
        );
    }
    let (folder, path) = file("vestibule.toml", b"mode = \"production\xff\"");
    for (path, says) in [
        (path.as_str(), "is not text in UTF-8"),
        (folder.path().to_str().unwrap(), "cannot be read"),
        ("/nonexistent/vestibule.toml", "cannot be read"),
    ] {
        let name = format!("VESTIBULE_CONFIG names {path}, which");
        refuses(&[("VESTIBULE_CONFIG", path)], &name, says);
    }
}

#[test]
fn a_settings_file_with_a_secret_that_everybody_can_read_is_warned_of() {
    let (_folder, path) = file(
        "vestibule.toml",
        format!("[secrets]\nmaster_key = \"{KEY}\"\n"),
    );
    let with_mode = |mode| {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        warnings(&[("VESTIBULE_CONFIG", &path)])
    };
    let warned = with_mode(0o644);
    assert_eq!(warned.len(), 1, "{warned:?}");
    assert!(
        warned[0].starts_with(&path) && warned[0].contains("chmod 600"),
        "{warned:?}"
    );
    assert_eq!(with_mode(0o640), [] as [String; 0]);
    std::fs::write(&path, "mode = \"development\"\n").unwrap();
    assert_eq!(with_mode(0o644), [] as [String; 0], "it holds no secret");
}

#[test]
fn every_setting_is_shown_with_its_source_and_secrets_only_as_set() {
    let (_folder, path) = file("vestibule.toml", "[locale]\ndefault = \"de\"\n");
    let (_other, secret) = file("url", "redis://:not-a-secret@localhost\n");
    let variables = [
        ("VESTIBULE_CONFIG", path.as_str()),
        ("REDIS_URL_FILE", &secret),
        ("SMTP_URL", "smtp://ann:not-a-secret@localhost"),
        ("VESTIBULE_LISTEN", "127.0.0.1:3001"),
        ("PUBLIC_URL", "http://ann:not-a-secret@localhost"),
    ];
    let reading = Config::read(&Environment::from_iter(variables));
    let lines: Vec<String> = reading.settings.iter().map(ToString::to_string).collect();
    assert_eq!(lines.len(), single_settings());
    for line in [
        "VESTIBULE_MODE = development  (default)".to_owned(),
        "VESTIBULE_LISTEN = 127.0.0.1:3001  (environment)".to_owned(),
        format!("VESTIBULE_LANGUAGE = de  ({path})"),
        format!("REDIS_URL is set  ({secret})"),
        "SMTP_URL is set  (environment)".to_owned(),
        "PUBLIC_URL is refused  (environment)".to_owned(),
        "VESTIBULE_MASTER_KEY is not set".to_owned(),
        "DATABASE_URL = sqlite:data/vestibule.db  (default)".to_owned(),
        "VESTIBULE_LOG_FORMAT = pretty  (default)".to_owned(),
    ] {
        assert!(lines.contains(&line), "{line} in {lines:#?}");
    }
    assert!(!lines.join("\n").contains("not-a-secret"));
}
