use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use http::{HeaderValue, Request, StatusCode, header};
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::waiting::{Turn, Waiting};
use super::{Limits, Place, Stages};

/// A larger head is 431. Cookies and a token are far below.
const MAX_HEAD_BYTES: usize = 32 * 1024;
/// What is read ahead of a body that nobody takes yet.
const MAX_BUFFER_BYTES: usize = 64 * 1024;
/// When we drain, a request may be on its way to us or read by nobody yet: so long it is waited for.
const LAST_CALL: Duration = Duration::from_millis(100);

/// A connection that was accepted.
pub(super) struct Connection {
    pub stream: TcpStream,
    pub peer: SocketAddr,
    pub router: Router,
    pub limits: Limits,
    pub stages: Stages,
    pub waiting: Arc<Waiting>,
    pub place: Place,
}

impl Connection {
    /// Answers its requests, until it closes or has to.
    pub async fn serve(self) {
        // Answers are written whole; waiting for more would only delay the end of large ones.
        let _ = self.stream.set_nodelay(true);
        let closing = self.stages.draining.child_token();
        let activity = Arc::new(Activity::new(self.waiting, closing.clone()));
        let stream = TokioIo::new(WatchedStream {
            stream: self.stream,
            activity: Arc::clone(&activity),
        });
        let answer = service_fn(|mut request: Request<Incoming>| {
            let answering = Answering::begin(Arc::clone(&activity));
            let router = self.router.clone();
            let is_last = [self.stages.stopping.clone(), closing.clone()];
            request.extensions_mut().insert(ConnectInfo(self.peer));
            request.extensions_mut().insert(self.place.clone());
            async move {
                let mut response = router.oneshot(request).await?;
                // Of a request that came too slowly the rest is not waited for.
                let is_cut_off = response.status() == StatusCode::REQUEST_TIMEOUT;
                if is_cut_off || is_last.iter().any(CancellationToken::is_cancelled) {
                    let close = HeaderValue::from_static("close");
                    response.headers_mut().insert(header::CONNECTION, close);
                }
                Ok::<_, Infallible>(response.map(|body| WatchedBody { body, answering }))
            }
        });
        let connection = http1::Builder::new()
            // Ours ends at the head; the one of the library goes on while nothing comes at all.
            .header_read_timeout(None)
            .max_header_size(MAX_HEAD_BYTES)
            .max_buf_size(MAX_BUFFER_BYTES)
            .serve_connection(stream, answer);
        drive(connection, &activity, &self.limits, &self.stages.draining).await;
    }
}

/// Polls the connection until it ends or has to be cut off.
async fn drive(
    connection: impl Future<Output = hyper::Result<()>>,
    activity: &Activity,
    limits: &Limits,
    draining: &CancellationToken,
) {
    let mut connection = pin!(connection);
    let mut closing = pin!(activity.closing.cancelled());
    let mut close_at = None;
    let mut timer = pin!(sleep_until(Instant::now() + limits.head));
    poll_fn(|cx| {
        // First of all: what has come in time is in time.
        if let Poll::Ready(result) = connection.as_mut().poll(cx) {
            if let Err(error) = result {
                tracing::debug!(
                    error = &error as &dyn std::error::Error,
                    "a connection ended"
                );
            }
            return Poll::Ready(());
        }
        if close_at.is_none() && closing.as_mut().poll(cx).is_ready() {
            let patience = if draining.is_cancelled() {
                LAST_CALL
            } else {
                Duration::ZERO
            };
            close_at = Some(Instant::now() + patience);
        }
        let Some(deadline) = activity.deadline(limits, close_at) else {
            return Poll::Pending;
        };
        if deadline <= Instant::now() {
            return Poll::Ready(());
        }
        if timer.deadline() != deadline {
            timer.as_mut().reset(deadline);
        }
        timer.as_mut().poll(cx)
    })
    .await;
}

/// What a connection is doing, as far as limits go: waiting for a request, or busy with one.
struct Activity {
    waiting: Arc<Waiting>,
    /// Asks the connection to close as soon as it is not busy.
    closing: CancellationToken,
    state: Mutex<State>,
}

struct State {
    /// A request was handed over, and its answer has not been taken whole.
    is_answering: bool,
    /// The system has not taken everything of the answer.
    has_unsent: bool,
    /// Since when the system takes nothing, because the client reads nothing.
    stalled_since: Option<Instant>,
    /// There while it waits.
    turn: Option<Turn>,
    waiting_since: Instant,
    /// When the first byte came of the request that is waited for.
    head_since: Option<Instant>,
    is_first: bool,
}

impl Activity {
    fn new(waiting: Arc<Waiting>, closing: CancellationToken) -> Self {
        let turn = waiting.join(closing.clone());
        Self {
            waiting,
            closing,
            state: Mutex::new(State {
                is_answering: false,
                has_unsent: false,
                stalled_since: None,
                turn: Some(turn),
                waiting_since: Instant::now(),
                head_since: None,
                is_first: true,
            }),
        }
    }

    /// When to cut it off, as things are; `None` while it answers and the client reads. `close_at`: when it has to go if it
    /// waits, whatever its time.
    fn deadline(&self, limits: &Limits, close_at: Option<Instant>) -> Option<Instant> {
        let state = self.lock();
        if state.is_busy() {
            return state.stalled_since.map(|since| since + limits.stall);
        }
        let (since, time) = match state.head_since {
            Some(since) => (since, limits.head),
            None if state.is_first => (state.waiting_since, limits.head),
            None => (state.waiting_since, limits.idle),
        };
        let deadline = since + time;
        Some(close_at.map_or(deadline, |close_at| deadline.min(close_at)))
    }

    fn request_begins(&self) {
        let mut state = self.lock();
        state.is_answering = true;
        state.is_first = false;
        state.head_since = None;
        self.queue(&mut state);
    }

    fn request_ends(&self) {
        let mut state = self.lock();
        state.is_answering = false;
        self.queue(&mut state);
    }

    fn received(&self) {
        let mut state = self.lock();
        if !state.is_busy() {
            state.head_since.get_or_insert_with(Instant::now);
        }
    }

    fn wrote(&self, written: &Poll<io::Result<usize>>) {
        let mut state = self.lock();
        state.has_unsent = true;
        if written.is_pending() {
            state.stalled_since.get_or_insert_with(Instant::now);
        } else {
            state.stalled_since = None;
        }
        self.queue(&mut state);
    }

    /// The library flushes once it has written all that it has.
    fn flushed(&self) {
        let mut state = self.lock();
        if state.has_unsent {
            state.has_unsent = false;
            self.queue(&mut state);
        }
    }

    /// Keeps the queue of those that wait in step.
    fn queue(&self, state: &mut State) {
        match (state.is_busy(), state.turn) {
            (true, Some(turn)) => {
                state.turn = None;
                self.waiting.leave(turn);
            }
            (false, None) => {
                state.waiting_since = Instant::now();
                state.turn = Some(self.waiting.join(self.closing.clone()));
            }
            _ => {}
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Activity {
    fn drop(&mut self) {
        if let Some(turn) = self.lock().turn {
            self.waiting.leave(turn);
        }
    }
}

impl State {
    fn is_busy(&self) -> bool {
        self.is_answering || self.has_unsent
    }
}

/// From the head of a request to the last byte of its answer, or to its end before that.
struct Answering(Arc<Activity>);

impl Answering {
    fn begin(activity: Arc<Activity>) -> Self {
        activity.request_begins();
        Self(activity)
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.request_ends();
    }
}

/// The body of an answer; the library drops it when it has taken the last of it.
struct WatchedBody {
    body: Body,
    #[expect(dead_code, reason = "dropped with the body")]
    answering: Answering,
}

impl HttpBody for WatchedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The bytes of a connection, noticed as they pass.
struct WatchedStream {
    stream: TcpStream,
    activity: Arc<Activity>,
}

impl AsyncRead for WatchedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.activity.received();
        }
        read
    }
}

impl AsyncWrite for WatchedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.activity.wrote(&written);
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.activity.wrote(&written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.activity.flushed();
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
