//! What the binary says of its settings, and when it starts.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::process::Stdio;

use crate::support::{Deployment, MASTER_KEY, refused_in_one_line, text};

/// What else is wrong is in the tests of `server/src/config`.
#[test]
fn a_wrong_setting_stops_the_start_with_one_line() {
    let deployment = Deployment::new().with("VESTIBULE_RATE_LIMITS", "sometimes");
    let refused = deployment.run(&[]);
    refused_in_one_line(&refused, "VESTIBULE_RATE_LIMITS", "must be on or off");
    assert!(
        !deployment.folder.path().join("data").exists(),
        "nothing was written"
    );
}

#[test]
fn a_secret_is_not_repeated_in_an_error() {
    for (name, value) in [
        ("DATABASE_URL", "mysql://ann:not-a-secret@localhost/db"),
        (
            "DATABASE_URL",
            "postgres://ann:not-a-secret@local host:x/db",
        ),
        ("SMTP_URL", "imap://ann:not-a-secret@localhost"),
        ("VESTIBULE_MASTER_KEY", "not-a-secret"),
    ] {
        let output = Deployment::new().with(name, value).run(&[]);
        let lines = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{lines}");
        assert!(
            lines.contains(name) && !lines.contains("not-a-secret"),
            "{lines}"
        );
    }
}

#[test]
fn bytes_that_are_no_text_stop_the_start() {
    let deployment = Deployment::new();
    let mut command = deployment.command(&[]);
    let output = command
        .env("VESTIBULE_MODE", OsStr::from_bytes(b"production\xff"))
        .output();
    refused_in_one_line(&output.unwrap(), "VESTIBULE_MODE", "is not text in UTF-8");
    assert!(!deployment.folder.path().join("data").exists());
}

#[test]
fn config_check_prints_every_setting_with_its_source_or_all_errors() {
    let deployment = Deployment::new().with("REDIS_URL", "redis://:not-a-secret@127.0.0.1:1");
    let output = deployment.run(&["config", "check"]);
    let lines = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let listen = deployment.setting("VESTIBULE_LISTEN");
    let port = deployment.public_address().port();
    for line in [
        "VESTIBULE_MODE = development  (default)",
        &format!("VESTIBULE_LISTEN = {listen}  (environment)"),
        &format!("PUBLIC_URL = http://localhost:{port}  (default)"),
        "REDIS_URL is set  (environment)",
        "VESTIBULE_MASTER_KEY is not set",
    ] {
        assert!(
            lines.lines().any(|other| other == line),
            "{line} in {lines}"
        );
    }
    assert_eq!(lines.lines().last(), Some("The settings are good."));
    assert!(!lines.contains("not-a-secret"));
    assert!(
        !deployment.folder.path().join("data").exists(),
        "nothing is made"
    );

    let wrong = Deployment::new().with("VESTIBULE_MODE", "production");
    let output = wrong.run(&["config", "check"]);
    let lines = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{lines}");
    for name in [
        "PUBLIC_URL",
        "VESTIBULE_MASTER_KEY",
        "SMTP_URL",
        "VESTIBULE_MAIL_FROM",
        "VESTIBULE_RATE_LIMITS",
    ] {
        let count = lines.lines().filter(|line| line.contains(name)).count();
        assert_eq!(count, 1, "{name} in {lines}");
    }
    assert!(output.stdout.is_empty());
    // What they are is to be seen all the same.
    let shown = wrong.run(&["config", "show"]);
    assert_eq!(shown.status.code(), Some(1));
    assert_eq!(text(&shown.stderr), lines);
    assert!(text(&shown.stdout).contains("VESTIBULE_MODE = production  (environment)"));
}

/// A start says what it serves and on what, and that a key was made;
/// what is secret is in none of these lines.
#[test]
fn the_first_lines_of_a_start_say_what_it_serves_and_on_what() {
    let deployment = Deployment::new()
        .with("VESTIBULE_LOG", "info")
        .with("REDIS_URL", "redis://ann:not-a-secret@127.0.0.1:1/2");
    let lines_of = |deployment: &Deployment| {
        let mut command = deployment.command(&[]);
        let running = deployment.start_by(command.stderr(Stdio::piped()));
        running.log_to_the_end()
    };
    let log = lines_of(&deployment);
    let listen = deployment.setting("VESTIBULE_LISTEN");
    let port = deployment.public_address().port();
    for part in [
        concat!(
            "vestibule ",
            env!("CARGO_PKG_VERSION"),
            " starts in development mode"
        ),
        &format!("pages and API: http://localhost:{port} (listening on {listen})"),
        deployment.setting("VESTIBULE_PRIVATE_LISTEN"),
        "database: SQLite",
        "Redis: redis://127.0.0.1:1/2",
        "/dev/mailbox",
        deployment.setting("VESTIBULE_DATA_DIR"),
        "a master key was made",
        "back it up",
        &format!("next: register at http://localhost:{port}/register"),
    ] {
        assert!(log.contains(part), "{part} in {log}");
    }
    assert!(
        log.lines()
            .next()
            .unwrap()
            .contains("starts in development mode"),
        "{log}"
    );
    assert!(!log.contains("not-a-secret"));
    assert!(
        !lines_of(&deployment).contains("a master key was made"),
        "once"
    );
}

/// What a start warns of is a warning of the check too.
#[test]
fn config_check_warns_of_what_a_start_warns_of() {
    let deployment = Deployment::new()
        .with("VESTIBULE_MODE", "production")
        .with("VESTIBULE_RATE_LIMITS", "on")
        .with("VESTIBULE_LOG", "info,vestibule_cache=debug")
        .with("PUBLIC_URL", "https://localhost")
        .with("VESTIBULE_MASTER_KEY", MASTER_KEY)
        .with("SMTP_URL", "smtp://127.0.0.1:1")
        .with("VESTIBULE_MAIL_FROM", "no-reply@example.org")
        .with("VESTIBULE_CORS_ALLOWED_ORIGINS", "http://app.example.org");
    let checked = deployment.run(&["config", "check"]);
    let checked = text(&checked.stdout);
    let warnings: Vec<&str> = checked
        .lines()
        .filter_map(|line| line.strip_prefix("warning: "))
        .collect();
    assert_eq!(warnings.len(), 3, "{checked}");
    let mut command = deployment.command(&[]);
    let running = deployment.start_by(command.stderr(Stdio::piped()));
    let log = running.log_to_the_end();
    for warning in warnings {
        assert!(
            log.contains(&warning.replace('"', "\\\"")),
            "{warning} in {log}"
        );
    }
}

#[test]
fn the_help_names_the_first_settings_and_where_the_others_are() {
    let help = text(&Deployment::new().run(&["--help"]).stdout);
    for part in [
        "VESTIBULE_MODE",
        "PUBLIC_URL",
        "DATABASE_URL",
        "config reference",
        "docs/CONFIG.md",
    ] {
        assert!(help.contains(part), "{part} in {help}");
    }
}

#[test]
fn another_master_key_is_named_as_what_is_wrong() {
    let deployment = Deployment::new();
    deployment.start().terminate();
    let output = deployment.with("VESTIBULE_MASTER_KEY", MASTER_KEY).run(&[]);
    refused_in_one_line(
        &output,
        "another master key",
        "start with the master key it was made with",
    );
    assert!(!text(&output.stderr).contains("internal error"));
}
