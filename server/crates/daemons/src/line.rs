use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;

use anyhow::{Context, Result};

/// A line to a server on which everything can get lost, as behind a firewall that forgot its
/// connections: they stay open, and nothing arrives any more.
pub struct Line {
    address: SocketAddr,
    state: Arc<State>,
}

struct State {
    server: SocketAddr,
    /// How often the line was silenced or restored: even, and it passes on what came since.
    turn: AtomicUsize,
    /// The far ends of all connections.
    far_ends: Mutex<Vec<Weak<TcpStream>>>,
    is_over: AtomicBool,
}

impl Line {
    /// A line to `server`, from a free port of 127.0.0.1.
    pub fn to(server: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).context("no free port on 127.0.0.1")?;
        let state = Arc::new(State {
            server,
            turn: AtomicUsize::new(0),
            far_ends: Mutex::default(),
            is_over: AtomicBool::new(false),
        });
        let line = Self {
            address: listener.local_addr()?,
            state: Arc::clone(&state),
        };
        thread::spawn(move || state.accept(&listener));
        Ok(line)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on nothing arrives, in neither direction, not
    /// even the end of a connection. New ones are accepted.
    pub fn silence(&self) {
        self.state.turn.fetch_add(1, Ordering::SeqCst);
    }

    /// New connections work again. Those that there were
    /// stay silent to the client; the server gives them up.
    pub fn restore(&self) {
        self.state.turn.fetch_add(1, Ordering::SeqCst);
        let far_ends = std::mem::take(&mut *self.state.lock());
        for end in far_ends.iter().filter_map(Weak::upgrade) {
            // An error says that it is gone.
            let _ = end.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.state.is_over.store(true, Ordering::SeqCst);
        // Wakes the task that waits for the next connection.
        let _ = TcpStream::connect(self.address);
    }
}

impl State {
    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        while let Ok((near, _)) = listener.accept() {
            if self.is_over.load(Ordering::SeqCst) {
                return;
            }
            let state = Arc::clone(self);
            thread::spawn(move || state.connect(near));
        }
    }

    fn connect(self: &Arc<Self>, near: TcpStream) {
        let turn = self.turn.load(Ordering::SeqCst);
        if turn % 2 == 1 {
            discard_input(&near);
            return;
        }
        // Without a server the client's connection ends here.
        let Ok(far) = TcpStream::connect(self.server) else {
            return;
        };
        let (near, far) = (Arc::new(near), Arc::new(far));
        for end in [&near, &far] {
            // It is slower without, and nothing else.
            let _ = end.set_nodelay(true);
        }
        {
            let mut far_ends = self.lock();
            far_ends.retain(|end| end.strong_count() > 0);
            far_ends.push(Arc::downgrade(&far));
        }
        let (state, from, to) = (Arc::clone(self), Arc::clone(&far), Arc::clone(&near));
        thread::spawn(move || state.pass(turn, &from, &to));
        self.pass(turn, &near, &far);
    }

    /// Passes bytes on, and the end, as long as the line is as it was when the connection was made.
    fn pass(&self, turn: usize, from: &TcpStream, to: &TcpStream) {
        let (mut reader, mut writer) = (from, to);
        let mut bytes = [0; 16 * 1024];
        loop {
            let length = reader.read(&mut bytes).unwrap_or(0);
            let is_passed_on = self.turn.load(Ordering::SeqCst) == turn;
            let is_over =
                length == 0 || is_passed_on && writer.write_all(&bytes[..length]).is_err();
            if is_over {
                if is_passed_on {
                    let _ = from.shutdown(Shutdown::Both);
                    let _ = to.shutdown(Shutdown::Both);
                }
                return;
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Weak<TcpStream>>> {
        self.far_ends.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Until the client gives up.
fn discard_input(near: &TcpStream) {
    let mut near = near;
    let mut bytes = [0; 1024];
    while matches!(near.read(&mut bytes), Ok(length) if length > 0) {}
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::time::Duration;

    use super::*;

    /// A server that says back what it hears, on the other end of a line.
    fn echo() -> Line {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let line = Line::to(server.local_addr().unwrap()).unwrap();
        thread::spawn(move || {
            for stream in server.incoming() {
                let stream = stream.unwrap();
                thread::spawn(move || std::io::copy(&mut &stream, &mut &stream));
            }
        });
        line
    }

    fn connect(line: &Line) -> TcpStream {
        let stream = TcpStream::connect(line.address()).unwrap();
        let limit = Some(Duration::from_millis(200));
        stream.set_read_timeout(limit).unwrap();
        stream
    }

    fn says_back(mut stream: &TcpStream) -> std::io::Result<usize> {
        stream.write_all(b"word").unwrap();
        stream.read(&mut [0; 4])
    }

    #[test]
    fn silence_is_neither_an_answer_nor_an_end_and_new_connections_alone_recover() {
        let line = echo();
        let before = connect(&line);
        assert_eq!(says_back(&before).unwrap(), 4);
        line.silence();
        let amid = connect(&line);
        let is_silent = |stream| {
            let error = says_back(stream).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::WouldBlock);
        };
        is_silent(&before);
        is_silent(&amid);
        line.restore();
        is_silent(&before);
        is_silent(&amid);
        assert_eq!(says_back(&connect(&line)).unwrap(), 4);
    }
}
