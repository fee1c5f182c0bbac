//! Redis over TLS: whom the link talks to.

use std::path::Path;

use vestibule_cache::check_redis_url;
use vestibule_testkit::{TestCertificate, or_skip};

use crate::server::RedisServer;
use crate::support::{Replica, charge};

/// The server has this name and no other.
const NAME: &str = "localhost";

/// Turns TLS on at a port of its own, under an authority that nobody knows; gives the port.
fn turn_on_tls(server: &RedisServer, folder: &Path) -> u16 {
    let files = TestCertificate::of(NAME);
    for (file, pem) in [
        ("ca.pem", files.authority),
        ("server.pem", files.certificate),
        ("server.key", files.key),
    ] {
        std::fs::write(folder.join(file), pem).unwrap();
    }
    let port = vestibule_daemons::free_port().unwrap();
    let folder = folder.display();
    let settings = format!(
        "CONFIG SET tls-auth-clients no tls-cert-file {folder}/server.pem tls-key-file {folder}/server.key tls-port {port}"
    );
    assert_eq!(server.command(&settings), "+OK");
    port
}

/// The certificate is the server's, of the authority that is named, for the name that is asked for.
#[tokio::test]
async fn a_certificate_is_verified_in_full() {
    let server = or_skip!(RedisServer::start());
    let folder = tempfile::tempdir().unwrap();
    let port = turn_on_tls(&server, folder.path());
    let root = folder.path().join("ca.pem").display().to_string();
    let other = folder.path().join("server.pem").display().to_string();
    let uses = async |url: String| {
        let replica = Replica::deaf(&url, "tls", 1);
        assert!(
            replica.takes(&charge("a", 20)).await,
            "limits go on without Redis"
        );
        let count = server.command("DBSIZE");
        server.command("FLUSHALL");
        count == ":2"
    };
    assert!(uses(format!("rediss://{NAME}:{port}/?sslrootcert={root}")).await);
    for (who, url) in [
        (
            "nobody knows its authority",
            format!("rediss://{NAME}:{port}/"),
        ),
        (
            "another authority",
            format!("rediss://{NAME}:{port}/?sslrootcert={other}"),
        ),
        (
            "another name",
            format!("rediss://127.0.0.1:{port}/?sslrootcert={root}"),
        ),
    ] {
        assert!(!uses(url).await, "{who}");
    }
}

#[test]
fn an_authority_that_cannot_be_read_is_reported() {
    let url = "rediss://localhost/?sslrootcert=/no/such/file"
        .to_owned()
        .into();
    let error = check_redis_url(&url, true).unwrap_err();
    assert_eq!(
        error.to_string(),
        "has an sslrootcert that names a file which cannot be read: No such file or directory (os error 2)"
    );
}
