//! The clients of the settings file.

use vestibule_core::model::{
    Access, AuthMethod, ClientKind, ClientSettings, ClientSource, Consent, IdTokenAlgorithm, Pkce,
    Scopes,
};
use vestibule_core::{GivenSecret, NewClient};

use super::sources::file;
use super::*;

const HASH: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

const GRAFANA: &str = r#"
[[client]]
id = "grafana"
name = "Grafana"
redirect_uris = ["https://grafana.example.org/login", "https://grafana.example.org/other"]
first_party = true
auth_method = "basic"
algorithm = "ES256"
scopes = ["openid", "email"]
pkce = "optional"
consent = "always"
allow_http = true
home_url = "https://grafana.example.org/"
allow_addresses = ["ann@example.org"]
allow_domains = ["example.com"]
needs_verified_email = false
id_token_life = 600
access_token_life = 300
secret_sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
"#;

const SHORT: &str = r#"
[[client]]
id = "cli"
kind = "native"
redirect_uris = ["http://127.0.0.1/callback"]
"#;

/// The clients of a file, or its errors, which call it FILE.
fn read(content: &str) -> Result<Vec<NewClient>, Vec<String>> {
    let (_folder, path) = file("vestibule.toml", content);
    let loaded = load(&[("VESTIBULE_CONFIG", &path)]);
    loaded.map(|config| config.oidc.clients).map_err(|errors| {
        let errors = errors.iter();
        errors.map(|error| error.replace(&path, "FILE")).collect()
    })
}

#[test]
fn clients_are_read_from_the_file() {
    let clients = read(&[GRAFANA, SHORT].concat()).unwrap();
    let [grafana, cli] = &clients[..] else {
        panic!("{clients:?}");
    };
    assert_eq!(grafana.client_id, "grafana");
    assert_eq!(grafana.name, "Grafana");
    assert_eq!(grafana.kind, ClientKind::Web);
    assert_eq!(grafana.source, ClientSource::Config);
    assert!(grafana.is_first_party);
    let settings = ClientSettings {
        redirect_uris: vec![
            "https://grafana.example.org/login".to_owned(),
            "https://grafana.example.org/other".to_owned(),
        ],
        auth_method: AuthMethod::Basic,
        algorithm: IdTokenAlgorithm::Es256,
        pkce: Pkce::Optional,
        consent: Consent::Always,
        scopes: Scopes::parse("openid email"),
        access: Access {
            addresses: vec!["ann@example.org".to_owned()],
            domains: vec!["example.com".to_owned()],
        },
        needs_verified_email: false,
        allows_http: true,
        home_url: Some("https://grafana.example.org/".to_owned()),
        id_token_life: 600,
        access_token_life: 300,
    };
    assert_eq!(grafana.settings, settings);
    assert!(matches!(&grafana.secret, GivenSecret::Hash(hash) if hash == HASH));

    assert_eq!((cli.name.as_str(), cli.kind), ("cli", ClientKind::Native));
    assert!(!cli.is_first_party);
    let by_default = ClientSettings {
        redirect_uris: vec!["http://127.0.0.1/callback".to_owned()],
        ..ClientSettings::default()
    };
    assert_eq!(cli.settings, by_default);
}

#[test]
fn the_secret_of_a_client_is_in_a_file_of_its_own() {
    let secret = "a secret that has more than 32 characters";
    let (_folder, path) = file("secret", format!("\u{feff}{secret}\r\n"));
    let content = format!("[[client]]\nid = \"grafana\"\nsecret_file = \"{path}\"\n");
    let clients = read(&content).unwrap();
    let GivenSecret::Text(text) = &clients[0].secret else {
        panic!("{clients:?}");
    };
    assert_eq!(text.expose_secret(), secret);
    assert!(!format!("{clients:?}").contains(secret));
}

/// What is in a table, and what is said of it.
const WRONG: &str = r#"
    id = "a" | client[1].secret_file or secret_sha256 is needed for a client with a secret
    id = "a"; secret_sha256 = "00"; secret_file = "x" | client[1].secret_sha256 in FILE is given beside secret_file
    id = "a"; secret_file = "/nonexistent/secret" | client[1].secret_file in FILE names /nonexistent/secret, which cannot be read
    id = "a"; secret_sha256 = "00"; secret = "x" | client[1].secret in FILE is not a setting
    secret_sha256 = "00" | client[1].id is needed in each [[client]]
    id = "a"; secret_sha256 = "00"; kind = "site" | client[1].kind in FILE must be web or spa or native, not `site`
    id = "a"; secret_sha256 = "00"; algorithm = "HS256" | client[1].algorithm in FILE must be RS256 or ES256 or EdDSA, not `HS256`
    id = "a"; secret_sha256 = "00"; scopes = ["openid", "mail"] | client[1].scopes in FILE holds `mail`: choose from openid, profile, email, groups
    id = "a"; secret_sha256 = "00"; id_token_life = 299 | client[1].id_token_life in FILE must be a number from 300 to 86400, not `299`
    id = "a"; secret_sha256 = "00"; access_token_life = 3601 | client[1].access_token_life in FILE must be a number from 300 to 3600, not `3601`
"#;

#[test]
fn each_wrong_setting_of_a_client_is_one_line() {
    for line in WRONG.trim().lines() {
        let (table, says) = line.trim().split_once(" | ").unwrap();
        let content = format!("[[client]]\n{}\n", table.replace("; ", "\n"));
        let errors = read(&content).unwrap_err();
        assert_eq!(errors.len(), 1, "{table}: {errors:#?}");
        assert!(errors[0].starts_with(says), "{table}: {}", errors[0]);
    }
}

#[test]
fn a_client_without_a_secret_needs_none() {
    for table in [
        "auth_method = \"none\"",
        "kind = \"spa\"",
        "kind = \"native\"",
    ] {
        let clients = read(&format!("[[client]]\nid = \"a\"\n{table}\n")).unwrap();
        assert!(
            matches!(clients[0].secret, GivenSecret::Generated),
            "{table}"
        );
    }
}

#[test]
fn two_clients_with_one_id_are_refused() {
    let errors = read(&[SHORT, GRAFANA, SHORT].concat()).unwrap_err();
    assert_eq!(
        errors,
        ["client.id is `cli` in two tables: each app has its own"]
    );
}

#[test]
fn apps_sign_people_in_unless_that_is_off() {
    let oidc = load(&[]).unwrap().oidc;
    assert!(oidc.enabled && oidc.clients.is_empty());
    assert!(!load(&[("VESTIBULE_OIDC", "off")]).unwrap().oidc.enabled);
}
