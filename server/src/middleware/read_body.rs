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
    /// What is held of it grows with what has come: who announces much and sends nothing takes nothing.
    fn grow(&self, held: &mut Option<OwnedSemaphorePermit>, bytes: usize) -> Result<(), ErrorCode> {
        let has = held.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let more = bytes.div_ceil(1024).saturating_sub(has);
        let more = u32::try_from(more).unwrap_or(u32::MAX);
        let more = Arc::clone(&self.0)
            .try_acquire_many_owned(more)
            .map_err(|_| ErrorCode::Overloaded)?;
        match held {
            Some(held) => held.merge(more),
            None => *held = Some(more),
        }
        Ok(())
    }
}

/// Takes in the body before anything is done: however slowly a client sends it, no handler waits, and the time limit
/// around this gives it up without a trace.
pub async fn read_body(State(room): State<BodyRoom>, request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    // Until the request has been answered.
    let mut held = None;
    match received(body, &room, &mut held).await {
        Ok(bytes) => {
            next.run(Request::from_parts(parts, Body::from(bytes)))
                .await
        }
        Err(code) => Problem::from(code).into_response(),
    }
}

async fn received(
    mut body: Body,
    room: &BodyRoom,
    held: &mut Option<OwnedSemaphorePermit>,
) -> Result<Bytes, ErrorCode> {
    if body.size_hint().lower() > MAX_DISCARDED_BYTES as u64 {
        return Err(ErrorCode::BodyTooLarge);
    }
    let mut bytes = Vec::new();
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
            room.grow(held, count)?;
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
    use super::*;

    #[tokio::test]
    async fn room_is_taken_by_what_has_come_and_given_back() {
        let room = BodyRoom::default();
        let take = async |bytes: usize| {
            let mut held = None;
            let body = Body::from(vec![0; bytes]);
            let received = received(body, &room, &mut held).await;
            (received.map(|bytes| bytes.len()), held)
        };
        let (small, held) = take(6).await;
        assert_eq!(small, Ok(6));
        assert_eq!(room.0.available_permits(), ROOM_KIB - 1);
        // What is thrown away takes none.
        let (long, _) = take(2 * MAX_BODY_BYTES).await;
        assert_eq!(long, Err(ErrorCode::BodyTooLarge));
        let mut others = Vec::new();
        for _ in 1..ROOM_KIB / 64 {
            others.push(take(MAX_BODY_BYTES).await);
        }
        assert!(others.iter().all(|(received, _)| received.is_ok()));
        let (refused, _) = take(MAX_BODY_BYTES).await;
        assert_eq!(refused, Err(ErrorCode::Overloaded));
        drop((held, others));
        assert_eq!(room.0.available_permits(), ROOM_KIB);
    }
}
