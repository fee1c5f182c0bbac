//! A client of HTTP/1.1 that keeps its connection, can come
//! from any address of 127.0.0.0/8, and can hang up in between.

use std::fmt::Write as _;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpSocket;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

const API: &str = "/api/v1/auth";
/// No answer takes this long, whatever is broken.
const DEADLINE: Duration = Duration::from_secs(35);

/// Whom a client connects to: a replica or a proxy.
#[derive(Clone)]
pub struct Door {
    address: SocketAddr,
    tls: Option<TlsConnector>,
}

impl From<SocketAddr> for Door {
    fn from(address: SocketAddr) -> Self {
        Self { address, tls: None }
    }
}

impl Door {
    /// The server proves to be `localhost`, by a certificate of this authority (PEM).
    pub fn with_tls(address: SocketAddr, authority: &str) -> Self {
        let mut roots = RootCertStore::empty();
        let authority = CertificateDer::from_pem_slice(authority.as_bytes()).unwrap();
        roots.add(authority).unwrap();
        let config = ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self {
            address,
            tls: Some(TlsConnector::from(Arc::new(config))),
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn has_tls(&self) -> bool {
        self.tls.is_some()
    }
}

#[derive(Clone)]
pub struct Request {
    pub path: String,
    head: String,
    body: String,
}

impl Request {
    fn new(method: &str, path: &str, body: String) -> Self {
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n");
        if !body.is_empty() || method == "POST" {
            let _ = write!(head, "content-length: {}\r\n", body.len());
        }
        if !body.is_empty() {
            head += "content-type: application/json\r\n";
        }
        Self {
            path: path.to_owned(),
            head,
            body,
        }
    }

    /// A call of the API.
    pub fn get(path: &str) -> Self {
        Self::new("GET", &format!("{API}{path}"), String::new())
    }

    /// A call of the API; `null` is no body.
    pub fn post(path: &str, body: &Value) -> Self {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        Self::new("POST", &format!("{API}{path}"), body)
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        let _ = write!(self.head, "{name}: {value}\r\n");
        self
    }

    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    fn text(&self) -> String {
        format!("{}\r\n{}", self.head, self.body)
    }
}

#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    head: String,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (field, value) = line.split_once(':')?;
            field.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// A text of the body's object, empty where there is none.
    pub fn text(&self, name: &str) -> String {
        self.json()[name].as_str().unwrap_or_default().to_owned()
    }

    /// Seconds.
    pub fn retry_after(&self) -> Option<u64> {
        self.header("retry-after")?.parse().ok()
    }
}

/// A connection, made when it is needed and again after it broke.
pub struct Connection {
    to: Door,
    from: Option<IpAddr>,
    stream: Option<Box<dyn Stream>>,
}

/// With TLS or without.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send + Sync {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send + Sync> Stream for T {}

async fn in_time<T>(exchange: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let answered = timeout(DEADLINE, exchange).await;
    answered.unwrap_or_else(|_| Err(ErrorKind::TimedOut.into()))
}

async fn send(stream: &mut dyn Stream, text: &str) -> io::Result<()> {
    stream.write_all(text.as_bytes()).await?;
    stream.flush().await
}

impl Connection {
    pub fn to(to: impl Into<Door>) -> Self {
        Self {
            to: to.into(),
            from: None,
            stream: None,
        }
    }

    /// From an address of this machine, as if it were another one.
    pub fn from(mut self, from: [u8; 4]) -> Self {
        self.from = Some(from.into());
        self
    }

    /// Another one of the same kind.
    pub fn another(&self) -> Self {
        Self {
            to: self.to.clone(),
            from: self.from,
            stream: None,
        }
    }

    pub fn door(&self) -> SocketAddr {
        self.to.address
    }

    /// Connects, if it is not connected.
    pub async fn open(&mut self) -> io::Result<()> {
        if let Some(stream) = &mut self.stream {
            // Nothing comes unasked; what comes is the end.
            let end = timeout(Duration::ZERO, stream.read_u8()).await;
            if end.is_err() {
                return Ok(());
            }
        }
        let socket = TcpSocket::new_v4()?;
        if let Some(from) = self.from {
            socket.bind(SocketAddr::new(from, 0))?;
        }
        let stream = socket.connect(self.to.address).await?;
        stream.set_nodelay(true)?;
        let stream: Box<dyn Stream> = match &self.to.tls {
            None => Box::new(stream),
            Some(tls) => {
                let name = ServerName::try_from("localhost").unwrap();
                Box::new(tls.connect(name, stream).await?)
            }
        };
        self.stream = Some(stream);
        Ok(())
    }

    /// Asks, and waits for the whole answer.
    pub async fn ask(&mut self, request: &Request) -> io::Result<Answer> {
        let text = self.text_of(request);
        let exchange = async {
            self.open().await?;
            // After an error it is not used again.
            let mut stream = self.stream.take().ok_or(ErrorKind::NotConnected)?;
            send(&mut *stream, &text).await?;
            let answer = read_answer(&mut *stream).await?;
            if answer.header("connection") != Some("close") {
                self.stream = Some(stream);
            }
            Ok(answer)
        };
        in_time(exchange).await
    }

    /// Sends a text as it is and reads until the other side closes.
    pub async fn exchange(mut self, text: &str) -> io::Result<String> {
        let exchange = async {
            self.open().await?;
            let mut stream = self.stream.take().ok_or(ErrorKind::NotConnected)?;
            send(&mut *stream, text).await?;
            let mut answer = Vec::new();
            let read = stream.read_to_end(&mut answer).await;
            // Some close without the goodbye of TLS.
            if let Err(error) = read
                && error.kind() != ErrorKind::UnexpectedEof
            {
                return Err(error);
            }
            Ok(String::from_utf8_lossy(&answer).into_owned())
        };
        in_time(exchange).await
    }

    /// Sends a request and does not wait for its answer.
    pub async fn ask_and_hang_up(&mut self, request: &Request, after: Duration) -> io::Result<()> {
        let text = self.text_of(request);
        self.open().await?;
        let mut stream = self.stream.take().ok_or(ErrorKind::NotConnected)?;
        send(&mut *stream, &text).await?;
        tokio::time::sleep(after).await;
        Ok(())
    }

    /// With TLS the host has its port, as browsers send it.
    fn text_of(&self, request: &Request) -> String {
        let text = request.text();
        if !self.to.has_tls() {
            return text;
        }
        let host = format!("host: localhost:{}\r\n", self.to.address.port());
        text.replacen("host: localhost\r\n", &host, 1)
    }
}

async fn read_answer(stream: &mut dyn Stream) -> io::Result<Answer> {
    let mut bytes = Vec::with_capacity(2048);
    loop {
        if let Some(answer) = parse(&bytes)? {
            return Ok(answer);
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
    }
}

/// The answer, once it has come whole. Answers of the API have a length.
fn parse(bytes: &[u8]) -> io::Result<Option<Answer>> {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    let mut answer = Answer {
        status: status.ok_or(ErrorKind::InvalidData)?,
        head,
        body: String::new(),
    };
    let length = match answer.header("content-length") {
        Some(length) => length.parse().map_err(|_| ErrorKind::InvalidData)?,
        None if answer.status == 204 => 0,
        None => return Err(ErrorKind::InvalidData.into()),
    };
    let Some(body) = bytes[end + 4..].get(..length) else {
        return Ok(None);
    };
    answer.body = String::from_utf8_lossy(body).into_owned();
    Ok(Some(answer))
}
