//! A mail server that does what its script says, and keeps what it takes.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// What the peer does when a line of the dialogue begins with
/// `at` ("." is the end of the message, "" the greeting).
#[derive(Clone, Copy, Debug)]
pub enum SmtpScript {
    Accept,
    Reply {
        at: &'static str,
        reply: &'static str,
    },
    /// Hangs up. At the end of a message it has taken the message, and only the reply is lost.
    Drop {
        at: &'static str,
    },
    /// Says nothing more.
    Silent {
        at: &'static str,
    },
    /// Replies late, on the first connection alone: the second shows what became of the pool.
    LateOnce {
        at: &'static str,
        by: Duration,
    },
    /// Takes this long for every reply.
    Slow {
        by: Duration,
    },
}

/// A message that the peer took.
#[derive(Clone, Debug)]
pub struct SmtpMessage {
    /// Those of the envelope.
    pub recipients: Vec<String>,
    /// Headers and body as they came.
    pub text: String,
    pub taken_at: Instant,
    /// Whether the peer acknowledged it; without that the sender sends it again.
    pub is_acknowledged: bool,
}

/// What the peer has seen since it started.
#[derive(Debug, Default)]
pub struct SmtpSeen {
    pub connections: usize,
    pub commands: Vec<String>,
    pub messages: Vec<SmtpMessage>,
}

/// The peer, on a port of 127.0.0.1 that stays the same.
pub struct SmtpPeer {
    address: SocketAddr,
    state: Arc<State>,
    accepting: Mutex<Option<JoinHandle<()>>>,
}

struct State {
    script: Mutex<SmtpScript>,
    /// Lines that the answer to EHLO has, each with its end.
    extension: &'static str,
    seen: Mutex<SmtpSeen>,
}

impl SmtpPeer {
    /// Listens, inside a tokio runtime.
    pub async fn start(script: SmtpScript, extension: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let state = Arc::new(State {
            script: Mutex::new(script),
            extension,
            seen: Mutex::default(),
        });
        Self {
            address: listener.local_addr().unwrap(),
            accepting: Mutex::new(Some(tokio::spawn(accept(listener, Arc::clone(&state))))),
            state,
        }
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// What it does from the next line on, on connections that there are as well.
    pub fn follow(&self, script: SmtpScript) {
        *self.state.script.lock().unwrap() = script;
    }

    /// Refuses connections and cuts those that there are.
    pub async fn close(&self) {
        let accepting = self.accepting.lock().unwrap().take();
        if let Some(accepting) = accepting {
            accepting.abort();
            let _ = accepting.await;
        }
    }

    /// Listens again on the same port.
    pub async fn open(&self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        let accepting = tokio::spawn(accept(listener, Arc::clone(&self.state)));
        *self.accepting.lock().unwrap() = Some(accepting);
    }

    pub fn seen<T>(&self, look: impl FnOnce(&SmtpSeen) -> T) -> T {
        look(&self.state.seen.lock().unwrap())
    }
}

impl Drop for SmtpPeer {
    fn drop(&mut self) {
        if let Some(accepting) = self.accepting.lock().unwrap().take() {
            accepting.abort();
        }
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    // They end with this task.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let count = {
            let mut seen = state.seen.lock().unwrap();
            seen.connections += 1;
            seen.connections
        };
        connections.spawn(serve_session(stream, Arc::clone(&state), count == 1));
    }
}

/// Where a dialogue is.
#[derive(Default)]
struct Dialogue {
    recipients: Vec<String>,
    /// The message that is coming in.
    text: Option<String>,
}

impl Dialogue {
    /// The reply to a line, empty where there is none.
    fn reply(&mut self, line: &str, state: &State) -> String {
        match (&mut self.text, line.trim_end()) {
            (Some(_), ".") => "250 2.0.0 queued".to_owned(),
            (Some(text), _) => {
                text.push_str(line.strip_prefix('.').unwrap_or(line));
                String::new()
            }
            (None, "") => "220 peer ready".to_owned(),
            (None, command) => {
                state.seen.lock().unwrap().commands.push(command.to_owned());
                self.command(command, state.extension)
            }
        }
    }

    fn command(&mut self, command: &str, extension: &str) -> String {
        match command.split(' ').next().unwrap() {
            "EHLO" => return format!("250-peer\r\n{extension}250 HELP"),
            "MAIL" => self.recipients.clear(),
            "RCPT" => {
                let address = command.split(['<', '>']).nth(1);
                self.recipients.extend(address.map(str::to_owned));
            }
            "DATA" => {
                self.text = Some(String::new());
                return "354 go on".to_owned();
            }
            "QUIT" => return "221 bye".to_owned(),
            _ => {}
        }
        "250 ok".to_owned()
    }

    /// The message, if there is one, is the peer's; its place among those that it took.
    fn take(&mut self, state: &State) -> Option<usize> {
        let message = SmtpMessage {
            recipients: self.recipients.clone(),
            text: self.text.take()?,
            taken_at: Instant::now(),
            is_acknowledged: false,
        };
        let messages = &mut state.seen.lock().unwrap().messages;
        messages.push(message);
        Some(messages.len() - 1)
    }
}

async fn serve_session(stream: TcpStream, state: Arc<State>, is_first: bool) {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    let mut dialogue = Dialogue::default();
    loop {
        let mut reply = dialogue.reply(&line, &state);
        let has_reply = !reply.is_empty();
        let is_here =
            |at: &str| has_reply && line.starts_with(at) && (line.is_empty() || !at.is_empty());
        let is_end = has_reply && line.trim_end() == ".";
        let script = *state.script.lock().unwrap();
        match script {
            SmtpScript::Drop { at } if is_here(at) => {
                if is_end {
                    dialogue.take(&state);
                }
                return;
            }
            SmtpScript::Silent { at } if is_here(at) => reply.clear(),
            SmtpScript::LateOnce { at, by } if is_first && is_here(at) => {
                tokio::time::sleep(by).await;
            }
            SmtpScript::Slow { by } if has_reply => tokio::time::sleep(by).await,
            SmtpScript::Reply { at, reply: other } if is_here(at) => other.clone_into(&mut reply),
            _ => {}
        }
        let mut taken = None;
        if is_end {
            // A refusal at the end means that the message was not taken.
            if reply.starts_with('2') || reply.is_empty() {
                taken = dialogue.take(&state);
            }
            dialogue.text = None;
        }
        if !reply.is_empty() {
            let sent = stream.write_all(format!("{reply}\r\n").as_bytes()).await;
            if sent.is_err() {
                return;
            }
            if let Some(number) = taken {
                state.seen.lock().unwrap().messages[number].is_acknowledged = true;
            }
        }
        line.clear();
        if !matches!(stream.read_line(&mut line).await, Ok(length) if length > 0) {
            return;
        }
    }
}
