//! What commands need, change and print.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::Stdio;
use std::thread;

use vestibule_testkit::databases;

use crate::database::{MIGRATIONS, applied, migrating};
use crate::support::{Deployment, MASTER_KEY, refused_in_one_line, text};

fn data_folder(deployment: &Deployment) -> PathBuf {
    deployment.setting("VESTIBULE_DATA_DIR").into()
}

/// Neither the settings of mail and pages, which production asks for, nor a folder.
#[tokio::test]
async fn what_looks_after_the_database_needs_its_settings_alone() {
    for database in databases().await {
        let deployment = Deployment::on(&database).with("VESTIBULE_MODE", "production");
        for arguments in [
            &["migrate"][..],
            &["verify"],
            &["keys"],
            &["client", "list"],
        ] {
            let output = deployment.run(arguments);
            assert_eq!(
                output.status.code(),
                Some(0),
                "{arguments:?}: {}",
                text(&output.stderr)
            );
        }
        let add = [
            "client",
            "add",
            "--id=app",
            "--redirect-uri=https://app.example.org/",
        ];
        for arguments in [&["keys", "rotate"][..], &add] {
            let refused = deployment.run(arguments);
            refused_in_one_line(&refused, "VESTIBULE_MASTER_KEY", "is needed");
        }
        let health = deployment.run(&["health"]);
        refused_in_one_line(&health, "", "the portal cannot serve");
        assert!(!data_folder(&deployment).exists());
        let with_key = deployment.with("VESTIBULE_MASTER_KEY", MASTER_KEY);
        for arguments in [&["keys", "rotate"][..], &add] {
            let done = with_key.run(arguments);
            assert!(done.status.success(), "{}", text(&done.stderr));
        }
        assert!(!data_folder(&with_key).exists());
    }
}

#[test]
fn a_look_at_a_database_that_is_not_there_makes_none() {
    let deployment = Deployment::new();
    for arguments in [
        &["verify"][..],
        &["keys"],
        &["keys", "rotate"],
        &["client", "list"],
    ] {
        let looked = deployment.run(arguments);
        refused_in_one_line(&looked, "DATABASE_URL (database.url)", "is not there");
    }
    assert!(!data_folder(&deployment).exists());
}

#[tokio::test]
async fn a_port_that_is_taken_is_found_before_the_schema_is_changed() {
    for database in databases().await {
        for port in ["VESTIBULE_LISTEN", "VESTIBULE_PRIVATE_LISTEN"] {
            let taken = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = taken.local_addr().unwrap().to_string();
            let deployment = Deployment::on(&database).with(port, &address);
            refused_in_one_line(&deployment.run(&[]), port, &address);
        }
        let left_to_do = applied(migrating(&Deployment::on(&database)));
        assert_eq!(left_to_do, MIGRATIONS);
    }
}

/// `vestibule openapi | head`: the shell expects the code of a program that SIGPIPE ended.
#[test]
fn a_reader_that_has_gone_ends_what_prints_quietly() {
    let deployment = Deployment::new();
    assert!(deployment.run(&["migrate"]).status.success());
    for arguments in [
        &["openapi"][..],
        &["config", "reference"],
        &["config", "check"],
        &["config", "show"],
        &["migrate"],
        &["verify"],
        &["keys"],
        &["client", "list"],
    ] {
        let mut child = deployment
            .command(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(141), "{arguments:?}");
        assert_eq!(text(&output.stderr), "", "{arguments:?}");
    }
}

/// A server that answers everybody with one error, in the fields that PostgreSQL sends.
fn refusing_server(code: &'static str, message: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let mut startup = [0; 512];
            let _ = client.read(&mut startup).unwrap();
            let fields =
                format!("SFATAL\0VFATAL\0C{code}\0M{message}\0Fauth.c\0L334\0Rauth_failed\0\0");
            let length = u32::try_from(fields.len() + 4).unwrap();
            let answer = [&b"E"[..], &length.to_be_bytes(), fields.as_bytes()].concat();
            client.write_all(&answer).unwrap();
        }
    });
    address
}

#[test]
fn a_database_that_refuses_the_role_is_reported_once_with_the_remedy() {
    for (code, message, remedy) in [
        (
            "28P01",
            "password authentication failed for user \"ann\"",
            "percent-encoded",
        ),
        ("3D000", "database \"x\" does not exist", "create it"),
        (
            "42501",
            "permission denied for database \"x\"",
            "grant it connect",
        ),
    ] {
        let server = refusing_server(code, message);
        let url = format!("postgres://ann:not-a-secret@{server}/x?sslmode=disable");
        let deployment = Deployment::new()
            .with("DATABASE_URL", &url)
            .with("VESTIBULE_MASTER_KEY", MASTER_KEY);
        for arguments in [&[][..], &["migrate"], &["verify"]] {
            let output = deployment.run(arguments);
            refused_in_one_line(&output, "DATABASE_URL (database.url): ", remedy);
            let line = text(&output.stderr);
            assert_eq!(line.matches(message).count(), 1, "{line}");
            for part in ["at line", "334", "not-a-secret"] {
                assert!(!line.contains(part), "{line}");
            }
        }
    }
}
