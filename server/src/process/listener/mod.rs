//! Accepts connections and speaks HTTP/1.1 on them, each within its limits.
//!
//! HTTP/1.1 alone: TLS ends at the proxy in front of the portal, and proxies speak it to what is
//! behind them. So nothing of HTTP/2 has to be bounded (rapid resets, floods of headers and
//! settings); a client that begins it is cut off.

mod activity;
mod busy;
mod connection;
mod limits;
mod open_files;
mod waiting;

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;
use tokio_util::task::TaskTracker;

use activity::Site;
use busy::Busy;
use connection::Connection;
pub use connection::Place;
use vestibule_core::{Alert, site_of};
use vestibule_web::TrustedProxies;
use waiting::Waiting;

pub use limits::{Limits, Stages};
pub use open_files::connections_within;

/// The pauses after the system could not accept a connection,
/// for want of file descriptors or memory.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const MAX_PAUSE: Duration = Duration::from_secs(1);
/// A connection that was asked to make room has done so by then;
/// otherwise it became busy, and another one is asked.
const ROOM_TIME: Duration = Duration::from_millis(10);

/// Connections that the system keeps until they are accepted; it may hold it to fewer
/// (`net.core.somaxconn`). The 128 of the standard library are full in a few milliseconds, and each
/// client that comes then waits for a second.
const BACKLOG: u32 = 4096;

/// Takes an address that nobody listens on; connections to it are refused until [`listen`].
///
/// # Errors
/// Those of the system: it is taken, or belongs to another machine.
pub fn reserve(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    // A port that this program had a moment ago is free.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

/// Listens on an address that was reserved; clients wait until they are accepted.
///
/// # Errors
/// Those of the system: another process was faster.
pub fn listen(socket: TcpSocket) -> io::Result<TcpListener> {
    socket.listen(BACKLOG)
}

/// The part of the connections that may be busy with one site: eight that do nothing but keep
/// requests waiting leave none for anybody else.
const PART_OF_SITE: usize = 8;

/// Serves a router on connections.
pub struct Listener {
    router: Router,
    limits: Limits,
    proxies: TrustedProxies,
    stages: Stages,
    places: Arc<Semaphore>,
    waiting: Arc<Waiting>,
    busy: Arc<Busy>,
    /// The connections; they end by themselves.
    tasks: TaskTracker,
}

impl Listener {
    pub fn new(
        router: Router,
        limits: Limits,
        proxies: TrustedProxies,
        stages: Stages,
        tasks: TaskTracker,
    ) -> Self {
        Self {
            router,
            limits,
            proxies,
            stages,
            places: Arc::new(Semaphore::new(limits.connections)),
            waiting: Arc::default(),
            busy: Busy::new((limits.connections / PART_OF_SITE).max(1)),
            tasks,
        }
    }

    /// Accepts connections until draining begins.
    pub async fn accept_on(self, socket: TcpListener) {
        let mut failures = Failures::default();
        loop {
            let accepted = tokio::select! {
                biased;
                () = self.stages.draining.cancelled() => break,
                accepted = socket.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => {
                    failures.over();
                    let place = self.place().await;
                    self.serve(stream, peer, place);
                }
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    let pause = failures.another(&error);
                    // One connection less is a file descriptor more.
                    let pause = if self.make_room() { ROOM_TIME } else { pause };
                    let draining = &self.stages.draining;
                    draining.run_until_cancelled(sleep(pause)).await;
                }
            }
        }
        self.serve_backlog(socket);
    }

    /// A place for one more connection. When all are taken, the connection that has waited longest
    /// for a request makes room; if none waits, the one whose client is slowest; if none is slow,
    /// the new one waits. `None`: the server drains, and serves it all the same.
    async fn place(&self) -> Option<OwnedSemaphorePermit> {
        loop {
            if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
                return Some(place);
            }
            self.make_room();
            tokio::select! {
                biased;
                place = Arc::clone(&self.places).acquire_owned() => return place.ok(),
                () = self.stages.draining.cancelled() => return None,
                () = sleep(ROOM_TIME) => {}
            }
        }
    }

    fn make_room(&self) -> bool {
        self.waiting.close_longest() || self.busy.cut_slowest()
    }

    /// What has reached the system is answered too. The runtime
    /// may not have heard of it yet, so the system is asked.
    fn serve_backlog(&self, socket: TcpListener) {
        let Ok(socket) = socket.into_std() else {
            return;
        };
        while let Ok((stream, peer)) = socket.accept() {
            let stream = stream
                .set_nonblocking(true)
                .and_then(|()| TcpStream::from_std(stream));
            if let Ok(stream) = stream {
                self.serve(stream, peer, None);
            }
        }
    }

    fn serve(&self, stream: TcpStream, peer: SocketAddr, place: Option<OwnedSemaphorePermit>) {
        let connection = Connection {
            stream,
            peer,
            router: self.router.clone(),
            limits: self.limits,
            stages: self.stages.clone(),
            waiting: Arc::clone(&self.waiting),
            busy: Arc::clone(&self.busy),
            site: Site {
                address: site_of(peer.ip()),
                is_proxy: self.proxies.contain(peer.ip()),
            },
            place: Place {
                of_connection: place.map(Arc::new),
                of_site: None,
            },
        };
        self.tasks.spawn(connection.serve());
    }
}

/// Whether the next connection may well be accepted.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::ConnectionRefused
    )
}

/// Failures to accept, one after the other.
#[derive(Default)]
struct Failures {
    pause: Duration,
    alert: Alert,
}

impl Failures {
    fn over(&mut self) {
        self.pause = Duration::ZERO;
    }

    /// How long to wait after this one; logged once a minute.
    fn another(&mut self, error: &io::Error) -> Duration {
        self.pause = (self.pause * 2).clamp(FIRST_PAUSE, MAX_PAUSE);
        if self.alert.is_due(Instant::now()) {
            tracing::warn!(
                error = error as &dyn std::error::Error,
                "connections cannot be accepted at the moment; they wait"
            );
        }
        self.pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_in_a_row_are_waited_out_for_longer_and_longer() {
        let error = io::Error::from_raw_os_error(rustix::io::Errno::MFILE.raw_os_error());
        assert!(!is_of_one_connection(&error));
        let mut failures = Failures::default();
        let pauses = [(); 6].map(|()| failures.another(&error).as_millis());
        assert_eq!(pauses, [100, 200, 400, 800, 1000, 1000]);
        failures.over();
        assert_eq!(failures.another(&error), FIRST_PAUSE);
    }
}
