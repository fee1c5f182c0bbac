use std::future::poll_fn;
use std::pin::Pin;

use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use vestibule_core::ErrorCode;
use vestibule_web::Problem;

/// Bodies are small: forms and JSON objects.
const MAX_BODY_BYTES: usize = 64 * 1024;
/// A body up to this size is received to its end and thrown away, because a connection that closes while its client
/// still sends can lose the answer. From a larger one nothing is awaited.
const MAX_DISCARDED_BYTES: usize = 1024 * 1024;

/// Takes in the body before anything is done: however slowly a client sends it, no handler waits, and the time limit
/// around this gives it up without a trace.
pub async fn read_body(request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
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
            bytes.extend_from_slice(&data);
        }
    }
    if count > MAX_BODY_BYTES {
        return Err(ErrorCode::BodyTooLarge);
    }
    Ok(bytes.into())
}
