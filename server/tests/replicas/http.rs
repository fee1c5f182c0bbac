//! A client of HTTP/1.1 that keeps its connection, can come from any address of 127.0.0.0/8, and can hang up in between.

use std::fmt::Write as _;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

const API: &str = "/api/v1/auth";
/// No answer takes this long, whatever is broken.
const DEADLINE: Duration = Duration::from_secs(35);

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
    to: SocketAddr,
    from: Option<IpAddr>,
    stream: Option<TcpStream>,
}

impl Connection {
    pub fn to(to: SocketAddr) -> Self {
        Self {
            to,
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
            stream: None,
            ..*self
        }
    }

    /// Connects, if it is not connected.
    pub async fn open(&mut self) -> io::Result<()> {
        let is_open = |stream: &TcpStream| {
            let peeked = stream.try_read(&mut [0]);
            peeked.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
        };
        if self.stream.as_ref().is_some_and(is_open) {
            return Ok(());
        }
        let socket = TcpSocket::new_v4()?;
        if let Some(from) = self.from {
            socket.bind(SocketAddr::new(from, 0))?;
        }
        let stream = socket.connect(self.to).await?;
        stream.set_nodelay(true)?;
        self.stream = Some(stream);
        Ok(())
    }

    /// Asks, and waits for the whole answer.
    pub async fn ask(&mut self, request: &Request) -> io::Result<Answer> {
        let exchange = async {
            self.open().await?;
            // After an error it is not used again.
            let mut stream = self.stream.take().ok_or(ErrorKind::NotConnected)?;
            stream.write_all(request.text().as_bytes()).await?;
            let answer = read_answer(&mut stream).await?;
            if answer.header("connection") != Some("close") {
                self.stream = Some(stream);
            }
            Ok(answer)
        };
        timeout(DEADLINE, exchange)
            .await
            .unwrap_or_else(|_| Err(ErrorKind::TimedOut.into()))
    }

    /// Sends a request and does not wait for its answer.
    pub async fn ask_and_hang_up(&mut self, request: &Request, after: Duration) -> io::Result<()> {
        self.open().await?;
        let mut stream = self.stream.take().ok_or(ErrorKind::NotConnected)?;
        stream.write_all(request.text().as_bytes()).await?;
        tokio::time::sleep(after).await;
        Ok(())
    }
}

async fn read_answer(stream: &mut TcpStream) -> io::Result<Answer> {
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
