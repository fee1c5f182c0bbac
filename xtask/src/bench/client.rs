//! The client of all measures: one connection that is kept, one request at a time.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

pub struct Client {
    stream: TcpStream,
    host: SocketAddr,
    answer: Vec<u8>,
}

impl Client {
    pub fn connect(port: u16) -> Result<Self> {
        let host = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let stream = TcpStream::connect_timeout(&host, Duration::from_secs(1))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(35)))?;
        Ok(Self {
            stream,
            host,
            answer: Vec::new(),
        })
    }

    /// The status of the answer to a GET, with lines of its head such as [`bearer`].
    pub fn get(&mut self, path: &str, lines: &str) -> Result<u16> {
        let host = self.host;
        self.exchange(&format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\n{lines}\r\n"
        ))
    }

    /// The status of the answer to a POST; [`Self::json`] has the rest.
    pub fn post(&mut self, path: &str, lines: &str, body: &str) -> Result<u16> {
        let (host, length) = (self.host, body.len());
        self.exchange(&format!(
            "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n{lines}\r\n{body}"
        ))
    }

    /// The body of the last answer.
    pub fn json(&self) -> Result<Value> {
        let start = head_length(&self.answer).context("no answer yet")?;
        let (head, body) = self.answer.split_at(start);
        let body = if is_chunked(&head_of(head)) {
            joined(body).context("no whole chunks")?
        } else {
            body.to_vec()
        };
        Ok(serde_json::from_slice(&body)?)
    }

    /// A line of the head of the last answer, by its name in small letters.
    pub fn line(&self, name: &str) -> Option<String> {
        let head = self.answer.get(..head_length(&self.answer)?)?;
        let head = String::from_utf8_lossy(head);
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        let (_, value) = lines.find(|(it, _)| it.eq_ignore_ascii_case(name))?;
        Some(value.to_owned())
    }

    /// The last answer with its head, as far as it is text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.answer).into_owned()
    }

    /// Whether the last answer contains a text.
    pub fn says(&self, text: &str) -> bool {
        let mut places = self.answer.windows(text.len());
        places.any(|place| place == text.as_bytes())
    }

    fn exchange(&mut self, request: &str) -> Result<u16> {
        self.stream.write_all(request.as_bytes())?;
        self.answer.clear();
        let mut part = [0; 16 * 1024];
        while !is_whole(&self.answer) {
            let length = self.stream.read(&mut part)?;
            ensure!(length > 0, "the connection was closed");
            self.answer.extend_from_slice(&part[..length]);
        }
        let status = self
            .answer
            .get(9..12)
            .and_then(|it| str::from_utf8(it).ok());
        status.and_then(|it| it.parse().ok()).context("no status")
    }
}

fn head_length(answer: &[u8]) -> Option<usize> {
    let end = answer.windows(4).position(|it| it == b"\r\n\r\n")?;
    Some(end + 4)
}

/// One request at a time: what comes after an answer is nothing.
fn is_whole(answer: &[u8]) -> bool {
    let Some(start) = head_length(answer) else {
        return false;
    };
    let head = head_of(&answer[..start]);
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"));
    match length.and_then(|length| length.trim().parse::<usize>().ok()) {
        Some(length) => answer.len() >= start + length,
        None if is_chunked(&head) => answer.ends_with(b"0\r\n\r\n"),
        None => true,
    }
}

fn head_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).to_ascii_lowercase()
}

fn is_chunked(head: &str) -> bool {
    head.contains("transfer-encoding: chunked")
}

/// The content of chunks (RFC 9112, 7.1).
fn joined(mut chunks: &[u8]) -> Option<Vec<u8>> {
    let mut all = Vec::new();
    loop {
        let end = chunks.windows(2).position(|it| it == b"\r\n")?;
        let length = str::from_utf8(chunks.get(..end)?).ok()?;
        let length = usize::from_str_radix(length, 16).ok()?;
        if length == 0 {
            return Some(all);
        }
        let rest = chunks.get(end + 2..)?;
        all.extend_from_slice(rest.get(..length)?);
        chunks = rest.get(length + 2..)?;
    }
}

/// A line of a request's head.
pub fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}\r\n")
}

/// What clients got done.
#[derive(Clone, Copy, Debug, Default)]
pub struct Done {
    pub requests: u32,
    pub took: Duration,
    /// Of one request.
    pub median: Duration,
}

impl Done {
    pub fn per_second(&self) -> f64 {
        f64::from(self.requests) / self.took.as_secs_f64()
    }
}

/// Has each client ask again and again for so long.
pub fn drive<C: FnMut() -> Result<()> + Send>(clients: Vec<C>, time: Duration) -> Result<Done> {
    let is_over = &AtomicBool::new(false);
    let started = Instant::now();
    let answers = thread::scope(|scope| {
        let work = clients.into_iter().map(|mut ask| {
            scope.spawn(move || {
                let mut times = Vec::new();
                while !is_over.load(Ordering::Relaxed) {
                    let asked = Instant::now();
                    ask()?;
                    times.push(asked.elapsed());
                }
                anyhow::Ok(times)
            })
        });
        let work: Vec<_> = work.collect();
        thread::sleep(time);
        is_over.store(true, Ordering::Relaxed);
        let ends = work.into_iter().map(thread::ScopedJoinHandle::join);
        ends.map(|end| end.unwrap_or_else(|_| bail!("a client panicked")))
            .collect::<Result<Vec<_>>>()
    });
    let took = started.elapsed();
    let mut times: Vec<Duration> = answers?.into_iter().flatten().collect();
    times.sort_unstable();
    Ok(Done {
        requests: u32::try_from(times.len())?,
        took,
        median: times.get(times.len() / 2).copied().unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_when_its_end_is_there() {
        assert!(is_whole(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"));
        assert!(!is_whole(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}"));
        let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n";
        assert!(is_whole(chunked));
        assert!(!is_whole(&chunked[..chunked.len() - 5]));
        assert!(!is_whole(b"HTTP/1.1 204 No Content\r\n"));
        assert!(is_whole(b"HTTP/1.1 204 No Content\r\n\r\n"));
    }

    #[test]
    fn chunks_are_joined() {
        let chunks = b"5\r\n{\"a\":\r\n2\r\n1}\r\n0\r\n\r\n";
        assert_eq!(joined(chunks).unwrap(), b"{\"a\":1}");
        assert_eq!(joined(&chunks[..12]), None);
    }

    #[test]
    fn every_client_asks_until_the_time_is_over() {
        let ask = || {
            thread::sleep(Duration::from_millis(1));
            Ok(())
        };
        let clients = vec![ask; 3];
        let done = drive(clients, Duration::from_millis(50)).unwrap();
        assert!((3..=150).contains(&done.requests), "{done:?}");
        assert!(done.median >= Duration::from_millis(1), "{done:?}");
        let failing = vec![|| bail!("no")];
        assert!(drive(failing, Duration::from_millis(20)).is_err());
    }
}
