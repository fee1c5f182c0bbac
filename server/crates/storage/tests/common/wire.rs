//! The way to a server, which a test can cut without either end noticing.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A listener that passes everything on, or, when dark, nothing: no byte, no end, no refusal.
pub struct Wire {
    address: SocketAddr,
    dark: Arc<watch::Sender<bool>>,
}

impl Wire {
    pub async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let dark = Arc::new(watch::Sender::new(false));
        let watched = dark.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect(server).await else {
                    continue;
                };
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                tokio::spawn(pass(from_client, to_server, watched.subscribe()));
                tokio::spawn(pass(from_server, to_client, watched.subscribe()));
            }
        });
        Self { address, dark }
    }

    /// The URL, by way of this.
    pub fn url(&self, url: &str) -> String {
        let (scheme, rest) = url.split_once("://").unwrap();
        let (authority, path) = rest.split_once('/').unwrap();
        let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
        format!("{scheme}://{user}@{}/{path}", self.address)
    }

    pub fn darken(&self) {
        self.dark.send_replace(true);
    }

    pub fn lighten(&self) {
        self.dark.send_replace(false);
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut dark: watch::Receiver<bool>) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        let _ = dark.wait_for(|dark| !dark).await;
        if to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
    let _ = dark.wait_for(|dark| !dark).await;
}

/// Where the server of the URL listens.
pub fn address_of(url: &str) -> SocketAddr {
    let (_, rest) = url.split_once("://").unwrap();
    let (authority, _) = rest.split_once('/').unwrap();
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    host.replace("localhost", "127.0.0.1").parse().unwrap()
}
