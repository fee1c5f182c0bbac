use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;

use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use vestibule_core::ErrorCode;
use vestibule_web::Problem;

/// Bodies are small: forms and JSON objects.
const MAX_BODY_BYTES: usize = 64 * 1024;
/// A body up to this size is received to its end and thrown away, because a connection that closes while its client
/// still sends can lose the answer. From a larger one nothing is awaited.
const MAX_DISCARDED_BYTES: usize = 1024 * 1024;

/// Room for all bodies that are coming in or being worked on, in KiB: many clients that each send almost all of one and then
/// wait must not fill the memory.
const ROOM_KIB: usize = 128 * 1024;

/// The room that is left.
#[derive(Clone)]
pub struct BodyRoom(Arc<Semaphore>);

impl Default for BodyRoom {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(ROOM_KIB)))
    }
}

impl BodyRoom {
    /// For a body, of which no more than the limit is ever kept.
    fn take(&self, body: &Body) -> Option<OwnedSemaphorePermit> {
        let bytes = body.size_hint().upper().unwrap_or(MAX_BODY_BYTES as u64);
        let kib = bytes.min(MAX_BODY_BYTES as u64).div_ceil(1024);
        let kib = u32::try_from(kib).unwrap_or(u32::MAX);
        Arc::clone(&self.0).try_acquire_many_owned(kib).ok()
    }
}

/// Takes in the body before anything is done: however slowly a client sends it, no handler waits, and the time limit
/// around this gives it up without a trace.
pub async fn read_body(State(room): State<BodyRoom>, request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let Some(_room) = room.take(&body) else {
        return Problem::from(ErrorCode::Overloaded).into_response();
    };
    match received(body).await {
        Ok(bytes) => {
            next.run(Request::from_parts(parts, Body::from(bytes)))
                .await
        }
        Err(code) => Problem::from(code).into_response(),
    }
}

async fn received(mut body: Body) -> Result<Bytes, ErrorCode> {
    if body.size_hint().lower() > MAX_DISCARDED_BYTES as u64 {
        return Err(ErrorCode::BodyTooLarge);
    }
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(MAX_BODY_BYTES);
    let mut bytes = Vec::with_capacity(announced.min(MAX_BODY_BYTES));
    let mut count = 0;
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let frame = frame.map_err(|_| ErrorCode::MalformedBody)?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        count += data.len();
        if count > MAX_DISCARDED_BYTES {
            return Err(ErrorCode::BodyTooLarge);
        }
        if count <= MAX_BODY_BYTES {
            bytes.extend_from_slice(&data);
        }
    }
    if count > MAX_BODY_BYTES {
        return Err(ErrorCode::BodyTooLarge);
    }
    Ok(bytes.into())
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::task::{Context, Poll};

    use axum::body::HttpBody;
    use hyper::body::Frame;

    use super::*;

    /// Says nothing of its length.
    struct Endless;

    impl HttpBody for Endless {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Poll::Pending
        }
    }

    #[test]
    fn room_is_taken_by_what_a_body_may_become() {
        let room = BodyRoom::default();
        let small = room.take(&Body::from("a body")).unwrap();
        assert_eq!(room.0.available_permits(), ROOM_KIB - 1);
        // A long one is not kept, and one without a length may be as long as the limit.
        let long = Body::from(vec![0; 2 * MAX_BODY_BYTES]);
        let others: Vec<_> = (0..ROOM_KIB / 64).map(|_| room.take(&long)).collect();
        assert_eq!(others.iter().flatten().count(), ROOM_KIB / 64 - 1);
        assert!(room.take(&Body::new(Endless)).is_none());
        drop((small, others));
        assert!(room.take(&Body::new(Endless)).is_some());
        assert_eq!(room.0.available_permits(), ROOM_KIB);
    }
}
