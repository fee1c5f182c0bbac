//! A deployment of the binary, a running portal, and the smallest HTTP client that will do.

use std::fmt::Display;
use std::io::{self, BufRead as _, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use vestibule_testkit::TestDatabase;

pub const BINARY: &str = env!("CARGO_BIN_EXE_vestibule");
pub const PASSWORD: &str = "correct horse battery";
pub const MASTER_KEY: &str = "qk1s8Zr0c5yT7vJb2mXe4wQhD9uLgNfP6aKoRiVjWxE=";
/// A machine that is busy with other tests takes its time.
pub const TIMEOUT: Duration = Duration::from_secs(30);
pub const JSON: &str = "content-type: application/json";
pub const FORM: &str = "content-type: application/x-www-form-urlencoded";

/// The settings of one deployment; its data folder is also where it runs.
pub struct Deployment {
    pub folder: TempDir,
    settings: Vec<(&'static str, String)>,
}

impl Deployment {
    pub fn new() -> Self {
        let folder = TempDir::with_prefix("vestibule-process-").unwrap();
        let deployment = Self {
            folder,
            settings: Vec::new(),
        };
        let data = deployment.folder.path().join("data").display().to_string();
        deployment
            .with("VESTIBULE_DATA_DIR", &data)
            .with("VESTIBULE_LISTEN", &free_address().to_string())
            .with("VESTIBULE_PRIVATE_LISTEN", &free_address().to_string())
            .with("VESTIBULE_RATE_LIMITS", "off")
            .with("VESTIBULE_LOG", "error")
    }

    pub fn on(database: &TestDatabase) -> Self {
        Self::new().with("DATABASE_URL", database.url())
    }

    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.settings.retain(|(known, _)| *known != name);
        self.settings.push((name, value.to_owned()));
        self
    }

    /// The binary with these settings and nothing else of the developer's environment.
    pub fn command(&self, arguments: &[&str]) -> Command {
        self.set_up(Command::new(BINARY), arguments)
    }

    fn set_up(&self, mut command: Command, arguments: &[&str]) -> Command {
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .stdin(Stdio::null());
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }

    /// The binary, after a line of shell that changes what it inherits.
    pub fn in_shell(&self, line: &str) -> Command {
        let script = format!("{line} && exec \"$0\"");
        self.set_up(Command::new("/bin/sh"), &["-c", &script, BINARY])
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    pub fn setting(&self, name: &str) -> &str {
        let mut settings = self.settings.iter();
        let (_, value) = settings.find(|(known, _)| *known == name).unwrap();
        value
    }

    fn address(&self, setting: &str) -> SocketAddr {
        self.setting(setting).parse().unwrap()
    }

    pub fn public_address(&self) -> SocketAddr {
        self.address("VESTIBULE_LISTEN")
    }

    pub fn private_address(&self) -> SocketAddr {
        self.address("VESTIBULE_PRIVATE_LISTEN")
    }

    /// Starts the portal and does not wait.
    pub fn spawn(&self, command: &mut Command) -> Running {
        Running {
            child: command.spawn().unwrap(),
            address: self.public_address(),
            private_address: self.private_address(),
        }
    }

    /// Starts the portal and waits until it is ready.
    pub fn start(&self) -> Running {
        self.start_by(self.command(&[]).stdout(Stdio::null()))
    }

    /// The same by a command that makes more of it.
    pub fn start_by(&self, command: &mut Command) -> Running {
        let mut running = self.spawn(command);
        let started = Instant::now();
        while !running
            .get("/health/ready")
            .is_ok_and(|answer| answer.status == 200)
        {
            assert!(
                running.child.try_wait().unwrap().is_none(),
                "the portal ended instead of starting"
            );
            assert!(
                started.elapsed() < TIMEOUT,
                "the portal does not become ready"
            );
            thread::sleep(Duration::from_millis(5));
        }
        running
    }
}

/// A portal that is killed with this value.
pub struct Running {
    pub child: Child,
    pub address: SocketAddr,
    pub private_address: SocketAddr,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    pub fn get(&self, path: &str) -> io::Result<Answer> {
        get(self.address, path)
    }

    /// SIGTERM, as an orchestrator stops it; how it ended.
    pub fn terminate(mut self) -> Option<i32> {
        self.signal(Signal::TERM);
        self.end_within(TIMEOUT)
    }

    /// Stops it, and gives what it has written to a pipe as its standard error.
    pub fn log_to_the_end(mut self) -> String {
        let log = self.child.stderr.take().unwrap();
        assert_eq!(self.terminate(), Some(0));
        io::read_to_string(log).unwrap()
    }

    pub fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
    }

    /// Waits for the end, and gives the exit code.
    #[track_caller]
    pub fn end_within(&mut self, time: Duration) -> Option<i32> {
        let asked = Instant::now();
        while asked.elapsed() < time {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            thread::sleep(Duration::from_millis(5));
        }
        panic!("the portal does not stop within {time:?}");
    }

    pub fn open(&self) -> Client {
        Client::open(self.address)
    }
}

/// A connection that is kept for several requests, or for half a one.
pub struct Client {
    pub stream: TcpStream,
    unread: Vec<u8>,
}

impl Client {
    pub fn open(address: SocketAddr) -> Self {
        Self::on(TcpStream::connect(address).unwrap())
    }

    fn on(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(TIMEOUT)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            unread: Vec::new(),
        }
    }

    /// The same from an address of this machine.
    pub fn open_from(from: &str, address: SocketAddr) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()
            .unwrap();
        let stream = runtime.block_on(async {
            let socket = tokio::net::TcpSocket::new_v4().unwrap();
            socket.bind(from.parse().unwrap()).unwrap();
            socket.connect(address).await.unwrap().into_std().unwrap()
        });
        stream.set_nonblocking(false).unwrap();
        Self::on(stream)
    }

    pub fn send(&mut self, bytes: &str) -> &mut Self {
        self.stream.write_all(bytes.as_bytes()).unwrap();
        self
    }

    /// Asks on this connection and leaves it open.
    pub fn get(&mut self, path: &str) -> io::Result<Answer> {
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
        self.stream.write_all(request.as_bytes())?;
        self.answer()
    }

    /// The next answer, which has a `Content-Length`.
    pub fn answer(&mut self) -> io::Result<Answer> {
        loop {
            if let Some((answer, length)) = self.first_answer() {
                self.unread.drain(..length);
                return Ok(answer);
            }
            let mut bytes = [0; 4096];
            let count = self.stream.read(&mut bytes)?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.unread.extend_from_slice(&bytes[..count]);
        }
    }

    /// The answer that has come whole, with its length.
    fn first_answer(&self) -> Option<(Answer, usize)> {
        let text = String::from_utf8_lossy(&self.unread);
        let head = text.split_once("\r\n\r\n")?.0;
        let body: usize = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .unwrap_or("0")
            .parse()
            .unwrap();
        let length = head.len() + 4 + body;
        let whole = text.get(..length)?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        let body = whole.to_owned();
        Some((Answer { status, body }, length))
    }

    /// When the server closes the connection, which sends nothing before.
    #[track_caller]
    pub fn closed_after(&mut self, since: Instant) -> Duration {
        let mut byte = [0];
        match self.stream.read(&mut byte) {
            Ok(0) => since.elapsed(),
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => since.elapsed(),
            other => panic!("not closed: {other:?}"),
        }
    }

    /// Whether the server has closed the connection by now.
    pub fn is_closed(&self) -> bool {
        self.stream.set_nonblocking(true).unwrap();
        let peeked = self.stream.peek(&mut [0]);
        self.stream.set_nonblocking(false).unwrap();
        match peeked {
            Ok(count) => count == 0,
            Err(error) => error.kind() != io::ErrorKind::WouldBlock,
        }
    }
}

/// An answer as far as these tests read it.
pub struct Answer {
    pub status: u16,
    pub body: String,
}

pub fn get(address: SocketAddr, path: &str) -> io::Result<Answer> {
    exchange(address, &request(&format!("GET {path}"), &[], ""))
}

pub fn post(address: SocketAddr, path: &str, body: &str) -> io::Result<Answer> {
    exchange(address, &request(&format!("POST {path}"), &[JSON], body))
}

/// A request after which the server closes: what it asks for, further headers, and its body.
pub fn request(line: &str, headers: &[&str], body: &str) -> String {
    let mut request = format!("{line} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n");
    for header in headers {
        request.extend([*header, "\r\n"]);
    }
    request + &format!("content-length: {}\r\n\r\n{body}", body.len())
}

/// Sends one request and reads to the end. An answer that was cut off before its status is none.
pub fn exchange(address: SocketAddr, request: &str) -> io::Result<Answer> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    match (status, read) {
        (Some(status), _) => Ok(Answer {
            status,
            body: answer,
        }),
        (None, Err(error)) => Err(error),
        (None, Ok(_)) => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// Looks again and again until there is something, within reason.
#[track_caller]
pub fn wait_for<T, S: Display>(mut look: impl FnMut() -> Option<T>, said: impl Fn() -> S) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(started.elapsed() < TIMEOUT, "waited too long: {}", said());
        thread::sleep(Duration::from_millis(5));
    }
}

/// The same until it holds.
#[track_caller]
pub fn wait_until<S: Display>(mut holds: impl FnMut() -> bool, said: impl Fn() -> S) {
    wait_for(|| holds().then_some(()), said);
}

/// An address that nobody listens on at this moment.
pub fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// It did not start, and says why in one line.
#[track_caller]
pub fn refused_in_one_line(output: &Output, names: &str, says: &str) {
    let lines = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{lines}");
    assert_eq!(lines.lines().count(), 1, "{lines}");
    assert!(lines.contains(names) && lines.contains(says), "{lines}");
    assert!(output.stdout.is_empty(), "{}", text(&output.stdout));
}

pub fn register(address: SocketAddr, email: &str) -> io::Result<Answer> {
    post(
        address,
        "/api/v1/auth/register",
        &format!(r#"{{"email":"{email}","password":"{PASSWORD}"}}"#),
    )
}

/// Registers, and is let in.
#[track_caller]
pub fn registers(portal: &Running, email: &str) {
    let answer = register(portal.address, email).unwrap();
    assert_eq!(answer.status, 201, "{}", answer.body);
}

#[track_caller]
pub fn every_invariant_holds(deployment: &Deployment) {
    let output = deployment.run(&["verify"]);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{} {}",
        text(&output.stdout),
        text(&output.stderr)
    );
    let last = output.stdout.lines().last().unwrap().unwrap();
    assert_eq!(last, "Every invariant holds.");
}

/// Only the owner can read what is in the folder.
pub fn is_private(folder: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(folder), 0o700);
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path) & 0o077, 0, "{}", path.display());
    }
}
