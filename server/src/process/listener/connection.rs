use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
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
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::activity::{Activity, Site};
use super::busy::{Busy, Share};
use super::limits::{Limits, Stages};
use super::waiting::Waiting;

/// A larger head is 431. Cookies and a token are far below.
const MAX_HEAD_BYTES: usize = 32 * 1024;
/// What is read ahead of a body that nobody takes yet.
const MAX_BUFFER_BYTES: usize = 64 * 1024;
/// While the server drains, a request may be on its way, or not read yet:
/// so long it is waited for.
const LAST_REQUEST_TIME: Duration = Duration::from_millis(100);

/// The place of a connection among those that there may be. Its requests have it too: work that a
/// client began and did not wait for is bounded with the connections.
#[derive(Clone)]
pub struct Place {
    #[expect(dead_code, reason = "it is held")]
    pub(super) of_connection: Option<Arc<OwnedSemaphorePermit>>,
    /// Among those of its site.
    pub(super) of_site: Option<Arc<Share>>,
}

/// A connection that was accepted.
pub(super) struct Connection {
    pub stream: TcpStream,
    pub peer: SocketAddr,
    pub router: Router,
    pub limits: Limits,
    pub stages: Stages,
    pub waiting: Arc<Waiting>,
    pub busy: Arc<Busy>,
    pub site: Site,
    pub place: Place,
}

impl Connection {
    /// Answers its requests, until it closes or has to.
    pub async fn serve(self) {
        // Answers are written whole; waiting for more would only delay the end of large ones.
        let _ = self.stream.set_nodelay(true);
        let closing = self.stages.draining.child_token();
        let activity = Arc::new(Activity::new(
            self.waiting,
            self.busy,
            self.site,
            closing.clone(),
        ));
        let stream = TokioIo::new(WatchedStream {
            stream: self.stream,
            activity: Arc::clone(&activity),
        });
        let answer = service_fn(|mut request: Request<Incoming>| {
            let activity = Arc::clone(&activity);
            let router = self.router.clone();
            let draining = self.stages.draining.clone();
            let is_last = [self.stages.stopping.clone(), closing.clone()];
            let mut place = self.place.clone();
            request.extensions_mut().insert(ConnectInfo(self.peer));
            async move {
                let answering = Answering::begin(activity, &draining).await;
                place.of_site = answering.share();
                request.extensions_mut().insert(place);
                let request = request.map(|body| {
                    let receiving = Receiving::begin(&answering.0, &body);
                    Body::new(Guarded {
                        body,
                        guard: receiving,
                    })
                });
                let mut response = router.oneshot(request).await?;
                // Of a request that came too slowly the rest is not waited for.
                let is_cut_off = response.status() == StatusCode::REQUEST_TIMEOUT;
                if is_cut_off || is_last.iter().any(CancellationToken::is_cancelled) {
                    let close = HeaderValue::from_static("close");
                    response.headers_mut().insert(header::CONNECTION, close);
                }
                Ok::<_, Infallible>(response.map(|body| Guarded {
                    body,
                    guard: answering,
                }))
            }
        });
        let connection = http1::Builder::new()
            // This one ends at the head; the one of the library goes on while nothing comes at all.
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
    let mut cut = pin!(activity.cut.cancelled());
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
        if cut.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        if close_at.is_none() && closing.as_mut().poll(cx).is_ready() {
            let limit = if draining.is_cancelled() {
                LAST_REQUEST_TIME
            } else {
                Duration::ZERO
            };
            close_at = Some(Instant::now() + limit);
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

/// From the head of a request to the last byte of its answer, or to its end before that.
struct Answering(Arc<Activity>);

impl Answering {
    async fn begin(activity: Arc<Activity>, draining: &CancellationToken) -> Self {
        let share = activity.turn(draining).await;
        activity.request_begins(share);
        Self(activity)
    }

    fn share(&self) -> Option<Arc<Share>> {
        self.0.share()
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.request_ends();
    }
}

/// From the head of a request to the last byte of its body, or to its end before that.
struct Receiving(Option<Arc<Activity>>);

impl Receiving {
    fn begin(activity: &Arc<Activity>, body: &Incoming) -> Self {
        let activity = (!body.is_end_stream()).then(|| Arc::clone(activity));
        if let Some(activity) = &activity {
            activity.receives(true);
        }
        Self(activity)
    }
}

impl Drop for Receiving {
    fn drop(&mut self) {
        if let Some(activity) = &self.0 {
            activity.receives(false);
        }
    }
}

/// A body with what ends when it is dropped: of an answer,
/// when the library has taken the last of it.
struct Guarded<B, G> {
    body: B,
    #[expect(dead_code, reason = "dropped with the body")]
    guard: G,
}

impl<B: HttpBody<Data = Bytes> + Unpin, G: Unpin> HttpBody for Guarded<B, G> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
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
