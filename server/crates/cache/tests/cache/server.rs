use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use vestibule_daemons::{Redis, proc};

/// A Redis of the test's own, to be looked into and broken.
pub struct RedisServer(Redis);

impl RedisServer {
    /// `None` where Redis is not installed.
    pub fn start() -> Option<Self> {
        if proc::find("redis-server").is_none() {
            eprintln!("skipped: redis-server is not installed");
            return None;
        }
        Some(Self(Redis::start().unwrap()))
    }

    pub fn url(&self) -> String {
        self.0.url()
    }

    /// Host and port.
    pub fn address(&self) -> String {
        let url = self.0.url();
        url.trim_start_matches("redis://")
            .trim_end_matches('/')
            .to_owned()
    }

    pub fn kill(&mut self) {
        self.0.daemon().kill().unwrap();
    }

    /// Starts it again where it was, empty.
    pub fn start_again(&mut self) {
        self.0.daemon().start_again().unwrap();
        self.0.daemon().wait_until_ready().unwrap();
    }

    /// It keeps its connections and answers nothing.
    pub fn freeze(&mut self) {
        self.0.daemon().freeze();
    }

    pub fn thaw(&mut self) {
        self.0.daemon().thaw();
    }

    /// Sends a command past the code under test (words may
    /// stand in double quotes). Its answer; of a list the head.
    pub fn command(&self, command: &str) -> String {
        self.command_as("", command)
    }

    /// The same with a password.
    pub fn command_as(&self, password: &str, command: &str) -> String {
        let mut stream = TcpStream::connect(self.address()).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(5)))
            .unwrap();
        let mut answers = BufReader::new(stream.try_clone().unwrap());
        let mut ask = |command: &str| {
            stream.write_all(command.as_bytes()).unwrap();
            stream.write_all(b"\r\n").unwrap();
            let mut answer = String::new();
            answers.read_line(&mut answer).unwrap();
            if let Some(length) = answer.trim().strip_prefix('$')
                && let Ok(length) = length.parse()
            {
                let mut text = vec![0; length];
                answers.read_exact(&mut text).unwrap();
                answer = String::from_utf8(text).unwrap();
            }
            answer.trim_end().to_owned()
        };
        if !password.is_empty() {
            assert_eq!(ask(&format!("AUTH {password}")), "+OK");
        }
        ask(command)
    }
}
