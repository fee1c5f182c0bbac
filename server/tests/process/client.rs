//! The operator's command for clients, beside a portal that runs, and clients of the settings file.

use serde_json::{Value, json};
use vestibule_testkit::databases;

use crate::keys::OTHER_MASTER_KEY;
use crate::support::{
    Deployment, MASTER_KEY, Running, every_invariant_holds, refused_in_one_line, text, wait_until,
};

const CALLBACK: &str = "https://grafana.example.org/login";
const ADD: [&str; 7] = [
    "client",
    "add",
    "--id",
    "grafana",
    "--redirect-uri",
    CALLBACK,
    "--json",
];
/// As a browser comes from the client (RFC 7636, appendix B).
const AUTHORIZE: &str = "/oauth2/authorize?client_id=grafana&redirect_uri=https%3A%2F%2Fgrafana.example.org%2Flogin\
     &response_type=code&scope=openid&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";

/// What a command that works prints.
#[track_caller]
fn printed(deployment: &Deployment, arguments: &[&str]) -> String {
    let output = deployment.run(arguments);
    let errors = text(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    text(&output.stdout)
}

/// The one line of JSON that it prints.
#[track_caller]
fn json_of(deployment: &Deployment, arguments: &[&str]) -> Value {
    let line = printed(deployment, arguments);
    assert_eq!(line.lines().count(), 1, "{line}");
    serde_json::from_str(&line).unwrap()
}

/// Whether the portal knows the client, and shows its own pages next.
#[track_caller]
fn is_known(portal: &Running) -> bool {
    let answer = portal.get(AUTHORIZE).unwrap();
    let leads_on = answer.body.contains("location: /oauth2/resume?flow=");
    let expected = if leads_on { 303 } else { 400 };
    assert_eq!(answer.status, expected, "{}", answer.body);
    leads_on
}

/// The types of the keys that ID tokens are verified with.
fn key_types(portal: &Running) -> Vec<String> {
    let answer = portal.get("/oauth2/jwks.json").unwrap().body;
    let (_, set) = answer.split_once("\r\n\r\n").unwrap();
    let set: Value = serde_json::from_str(set).unwrap();
    let keys = set["keys"].as_array().unwrap().iter();
    keys.map(|key| key["kty"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_come_and_go_beside_a_portal_that_runs() {
    for database in databases().await {
        let deployment = Deployment::on(&database).with("VESTIBULE_MASTER_KEY", MASTER_KEY);
        let portal = deployment.start();
        let secret = adds(&deployment, &portal);
        shows_no_secret(&deployment, &secret);
        changes(&deployment, &portal);
        let again = json_of(&deployment, &ADD);
        assert_ne!(again["client_secret"], secret, "another one of this name");
        assert_eq!(portal.terminate(), Some(0));
        every_invariant_holds(&deployment);
    }
}

fn adds(deployment: &Deployment, portal: &Running) -> String {
    assert!(!is_known(portal) && key_types(portal).is_empty());
    let added = json_of(deployment, &ADD);
    assert_eq!(added["client_id"], "grafana");
    assert_eq!(added["name"], "grafana");
    assert_eq!(added["kind"], "web");
    assert_eq!(added["redirect_uris"], json!([CALLBACK]));
    assert_eq!(added["auth_method"], "secret");
    assert_eq!(added["algorithm"], "RS256");
    assert_eq!(added["scopes"], "openid profile email groups");
    assert_eq!(added["open_to"], "everybody");
    let secret = added["client_secret"].as_str().unwrap();
    assert!(is_known(portal), "at once");
    wait_until(
        || key_types(portal) == ["RSA"],
        || format!("{:?}", key_types(portal)),
    );
    let again = deployment.run(&ADD);
    refused_in_one_line(&again, "", "there is a client grafana already");
    secret.to_owned()
}

fn shows_no_secret(deployment: &Deployment, secret: &str) {
    for arguments in [
        &["client", "list"][..],
        &["client", "list", "--json"],
        &["clients", "list"],
        &["client", "show", "grafana"],
        &["client", "show", "grafana", "--json"],
    ] {
        let shown = printed(deployment, arguments);
        assert!(shown.contains("grafana"), "{arguments:?}: {shown}");
        assert!(!shown.contains(secret), "{arguments:?}: {shown}");
    }
    let listed = json_of(deployment, &["client", "list", "--json"]);
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!(listed[0]["client_id"], "grafana");
    let shown = json_of(deployment, &["client", "show", "grafana", "--json"]);
    assert_eq!(shown["secret_hints"], json!([&secret[secret.len() - 4..]]));
    assert_eq!(shown["enabled"], true);
}

/// The portal believes for five seconds what it has read.
fn changes(deployment: &Deployment, portal: &Running) {
    let disabled = json_of(deployment, &["client", "disable", "grafana", "--json"]);
    assert_eq!(disabled["enabled"], false);
    wait_until(|| !is_known(portal), || "it is not disabled");
    let enabled = printed(deployment, &["client", "enable", "grafana"]);
    assert_eq!(enabled, "grafana is enabled.\n");
    wait_until(|| is_known(portal), || "it is not enabled");
    let removed = printed(deployment, &["client", "remove", "grafana"]);
    assert_eq!(removed, "grafana is removed.\n");
    wait_until(|| !is_known(portal), || "it is not removed");
    for verb in ["show", "disable", "enable", "remove"] {
        let refused = deployment.run(&["client", verb, "grafana"]);
        refused_in_one_line(&refused, "", "there is no client grafana");
    }
    let listed = json_of(deployment, &["client", "list", "--json"]);
    assert_eq!(listed, json!([]));
}

/// A database without a portal.
fn migrated() -> Deployment {
    let deployment = Deployment::new().with("VESTIBULE_MASTER_KEY", MASTER_KEY);
    printed(&deployment, &["migrate"]);
    deployment
}

#[test]
fn a_person_reads_who_may_use_a_client_and_its_secret_once() {
    let deployment = migrated();
    let lines = printed(&deployment, &ADD[..6]);
    for part in [
        "grafana",
        "vcs_",
        "keep it now",
        "everybody",
        "/.well-known/openid-configuration",
    ] {
        assert!(lines.contains(part), "{part} in {lines}");
    }
    let lines = printed(
        &deployment,
        &[
            "client",
            "add",
            "--id=notes",
            "--kind=spa",
            "--redirect-uri=https://notes.example.org/",
            "--allow-address=Ann@example.org",
            "--allow-domain=example.com",
        ],
    );
    assert!(lines.contains("ann@example.org, @example.com"), "{lines}");
    assert!(!lines.contains("client_secret"), "it keeps none: {lines}");
}

#[test]
fn the_secret_of_a_client_may_be_given_in_a_file() {
    let deployment = migrated();
    let file = deployment.folder.path().join("secret");
    std::fs::write(&file, "a-secret-of-more-than-32-characters\n").unwrap();
    let path = file.to_str().unwrap();
    let given = [&ADD[..], &["--secret-file", path]].concat();
    let added = json_of(&deployment, &given);
    assert_eq!(added.get("client_secret"), None, "it is known");
    let shown = json_of(&deployment, &["client", "show", "grafana", "--json"]);
    assert_eq!(shown["secret_hints"], json!(["ters"]));
}

/// Further arguments of a client, and what is wrong with them.
const WRONG: [(&[&str], &str); 7] = [
    (
        &["--redirect-uri=http://grafana.example.org/"],
        "http://grafana.example.org/ has no TLS",
    ),
    (&["--scope=email"], "the scope must have openid"),
    (
        &["--kind=spa", "--auth-method=basic"],
        "a client of kind spa keeps no secret",
    ),
    (
        &["--auth-method=none", "--pkce=optional"],
        "cannot do without PKCE",
    ),
    (&["--id-token-life=60"], "an ID token may live"),
    (&["--name="], "the name must be"),
    (
        &["--secret-file=/nonexistent/secret"],
        "--secret-file names /nonexistent/secret, which cannot be read",
    ),
];

/// Values that there are not, and those that there are.
const UNKNOWN: [(&str, &str); 6] = [
    ("--kind=x", "web or spa or native"),
    ("--auth-method=x", "secret or basic or post or none"),
    ("--algorithm=x", "RS256 or ES256 or EdDSA"),
    ("--pkce=x", "required or optional"),
    ("--consent=x", "default or always or never"),
    ("--scope=x", "openid, profile, email, groups"),
];

#[test]
fn what_is_wrong_with_a_client_is_said_in_one_line() {
    let deployment = migrated();
    for (further, says) in WRONG {
        let refused = deployment.run(&[&ADD[..], further].concat());
        refused_in_one_line(&refused, "", says);
    }
    for (further, choices) in UNKNOWN {
        let refused = deployment.run(&[&ADD[..], &[further]].concat());
        let lines = text(&refused.stderr);
        assert_eq!(refused.status.code(), Some(2), "{lines}");
        assert!(lines.contains(choices), "{choices} in {lines}");
    }
    let listed = json_of(&deployment, &["client", "list", "--json"]);
    assert_eq!(listed, json!([]));
}

/// Keys that it sealed would stop the portal.
#[test]
fn another_master_key_adds_no_client() {
    let deployment = Deployment::new().with("VESTIBULE_MASTER_KEY", MASTER_KEY);
    deployment.start().terminate();
    let other = deployment.with("VESTIBULE_MASTER_KEY", OTHER_MASTER_KEY);
    refused_in_one_line(&other.run(&ADD), "", "another master key");
    let listed = json_of(&other, &["client", "list", "--json"]);
    assert_eq!(listed, json!([]));
}

fn write_settings(deployment: &Deployment, redirect_uri: &str) {
    let file = deployment.folder.path().join("vestibule.toml");
    let hash = "0f".repeat(32);
    let text = format!(
        "[[client]]\nid = \"grafana\"\nredirect_uris = [\"{redirect_uri}\"]\nsecret_sha256 = \"{hash}\"\n"
    );
    std::fs::write(file, text).unwrap();
}

#[test]
fn a_client_of_the_settings_file_is_there_as_long_as_the_file_has_it() {
    let deployment = Deployment::new();
    write_settings(&deployment, CALLBACK);
    let portal = deployment.start();
    assert!(is_known(&portal));
    wait_until(
        || key_types(&portal) == ["RSA"],
        || format!("{:?}", key_types(&portal)),
    );
    for verb in ["disable", "enable", "remove"] {
        let refused = deployment.run(&["client", verb, "grafana"]);
        refused_in_one_line(&refused, "grafana", "is defined in the settings file");
    }
    assert_eq!(portal.terminate(), Some(0));

    write_settings(&deployment, "http://grafana.example.org/login");
    let refused = deployment.run(&[]);
    refused_in_one_line(&refused, "client grafana: ", "has no TLS");

    std::fs::remove_file(deployment.folder.path().join("vestibule.toml")).unwrap();
    let portal = deployment.start();
    assert!(!is_known(&portal));
    let shown = json_of(&deployment, &["client", "show", "grafana", "--json"]);
    assert_eq!(
        (&shown["enabled"], &shown["source"]),
        (&json!(false), &json!("config"))
    );
    assert_eq!(portal.terminate(), Some(0));

    write_settings(&deployment, CALLBACK);
    assert!(is_known(&deployment.start()), "it is back");
}

#[test]
fn without_apps_there_are_no_addresses_for_them() {
    let deployment = Deployment::new().with("VESTIBULE_OIDC", "off");
    let portal = deployment.start();
    for path in [
        AUTHORIZE,
        "/oauth2/jwks.json",
        "/.well-known/openid-configuration",
    ] {
        assert_eq!(portal.get(path).unwrap().status, 404, "{path}");
    }
}
