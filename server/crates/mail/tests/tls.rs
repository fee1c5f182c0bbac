//! A mail server with a certificate of an authority that nobody knows: whom the mailer talks to.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use vestibule_core::model::Language;
use vestibule_core::ports::{MailError, Mailer as _};
use vestibule_mail::{MailSettings, SmtpMailer, samples};
use vestibule_testkit::{SmtpPeer, SmtpScript, TestCertificate};

/// The server has this name and no other.
const NAME: &str = "localhost";

/// Takes TLS off before the peer; gives the port.
async fn encrypted(peer: &SmtpPeer, files: &TestCertificate) -> u16 {
    let certificate = CertificateDer::from_pem_slice(files.certificate.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(files.key.as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (port, plain) = (listener.local_addr().unwrap().port(), peer.port());
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut client) = acceptor.accept(client).await else {
                    return;
                };
                let mut server = TcpStream::connect(("127.0.0.1", plain)).await.unwrap();
                let _ = copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    port
}

/// The certificate is the server's, of the authority that is named, for the name that is asked for.
#[tokio::test]
async fn a_certificate_of_a_private_authority_is_verified_in_full() {
    let files = TestCertificate::of(NAME);
    let peer = SmtpPeer::start(SmtpScript::Accept, "").await;
    let port = encrypted(&peer, &files).await;
    let folder = tempfile::tempdir().unwrap();
    let written = |name: &str, pem: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, pem).unwrap();
        path.display().to_string()
    };
    let root = written("ca.pem", &files.authority);
    let other = written("other.pem", &TestCertificate::of(NAME).authority);
    let send = async |host: &str, query: &str| {
        let settings = MailSettings::new("Example", "no-reply@example.org", None).unwrap();
        let url = format!("smtps://{host}:{port}{query}");
        let mailer = SmtpMailer::new(&url.into(), settings).unwrap();
        let mail = samples(Language::English).remove(0);
        mailer.send(&mail).await
    };
    send(NAME, &format!("?sslrootcert={root}")).await.unwrap();
    for (who, host, query) in [
        ("nobody knows its authority", NAME, String::new()),
        ("another authority", NAME, format!("?sslrootcert={other}")),
        ("another name", "127.0.0.1", format!("?sslrootcert={root}")),
    ] {
        let outcome = send(host, &query).await;
        assert!(
            matches!(outcome, Err(MailError::Unreachable(_))),
            "{who}: {outcome:?}"
        );
    }
    peer.seen(|seen| assert_eq!(seen.messages.len(), 1));
}
