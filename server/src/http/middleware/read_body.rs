use std::collections::HashMap;
use std::future::poll_fn;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use vestibule_core::{ErrorCode, lock, site_of};
use vestibule_web::{ClientAddress, Problem};

/// Bodies are small: forms and JSON objects.
const MAX_BODY_BYTES: usize = 64 * 1024;
/// A body up to this size is received to its end and thrown away, because a connection that closes
/// while its client still sends can lose the answer. From a larger one nothing is awaited.
const MAX_DISCARDED_BYTES: usize = 1024 * 1024;

/// Room for all bodies that are coming in or being worked on, in KiB: many clients that each send
/// almost all of one and then wait must not fill the memory.
const ROOM_KIB: usize = 128 * 1024;
/// What one site can have of it: some of them together must not keep everybody else out.
const SITE_KIB: usize = ROOM_KIB / 8;

/// The room that is left.
#[derive(Clone, Default)]
pub struct BodyRoom(Arc<Mutex<Taken>>);

/// In KiB.
#[derive(Default)]
struct Taken {
    total: usize,
    by_site: HashMap<IpAddr, usize>,
}

impl BodyRoom {
    /// What a body of this site takes: nothing so far.
    fn place(&self, site: IpAddr) -> Place {
        Place {
            room: self.clone(),
            site,
            kib: 0,
        }
    }
}

/// What one body takes, until this is dropped.
struct Place {
    room: BodyRoom,
    site: IpAddr,
    kib: usize,
}

impl Place {
    /// It grows with what has come: who announces much and sends nothing takes nothing.
    fn grow(&mut self, bytes: usize) -> Result<(), ErrorCode> {
        let more = bytes.div_ceil(1024).saturating_sub(self.kib);
        if more == 0 {
            return Ok(());
        }
        let mut taken = lock(&self.room.0);
        let of_site = taken.by_site.get(&self.site).copied().unwrap_or(0);
        if taken.total + more > ROOM_KIB || of_site + more > SITE_KIB {
            return Err(ErrorCode::Overloaded);
        }
        taken.total += more;
        taken.by_site.insert(self.site, of_site + more);
        self.kib += more;
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.kib == 0 {
            return;
        }
        let mut taken = lock(&self.room.0);
        taken.total -= self.kib;
        if let Some(of_site) = taken.by_site.get_mut(&self.site) {
            *of_site -= self.kib;
            if *of_site == 0 {
                taken.by_site.remove(&self.site);
            }
        }
    }
}

/// Takes in the body before anything is done: however slowly a client sends it, no handler waits,
/// and the time limit around this gives it up without a trace.
pub async fn read_body(State(room): State<BodyRoom>, request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let client = parts.extensions.get::<ClientAddress>();
    let client = client.map_or(IpAddr::from([0, 0, 0, 0]), |client| client.0);
    // Until the request has been answered.
    let mut place = room.place(site_of(client));
    match received(body, &mut place).await {
        Ok(bytes) => {
            next.run(Request::from_parts(parts, Body::from(bytes)))
                .await
        }
        Err(code) => Problem::from(code).into_response(),
    }
}

async fn received(mut body: Body, place: &mut Place) -> Result<Bytes, ErrorCode> {
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
            place.grow(count)?;
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
        let take = async |site: u8, bytes: usize| {
            let mut place = room.place(IpAddr::from([192, 0, 2, site]));
            let received = received(Body::from(vec![0; bytes]), &mut place).await;
            (received.map(|bytes| bytes.len()), place)
        };
        let (small, place) = take(0, 6).await;
        assert_eq!(small, Ok(6));
        assert_eq!(lock(&room.0).total, 1);
        // What is thrown away takes none.
        let (long, _) = take(0, 2 * MAX_BODY_BYTES).await;
        assert_eq!(long, Err(ErrorCode::BodyTooLarge));
        let mut others = Vec::new();
        for _ in 1..SITE_KIB / 64 {
            others.push(take(0, MAX_BODY_BYTES).await);
        }
        // A site has its part, and no more while others have nothing.
        assert_eq!(take(0, MAX_BODY_BYTES).await.0, Err(ErrorCode::Overloaded));
        assert_eq!(take(9, MAX_BODY_BYTES).await.0, Ok(MAX_BODY_BYTES));
        for number in 0..ROOM_KIB / 64 - SITE_KIB / 64 {
            let site = u8::try_from(1 + number % 8).unwrap();
            others.push(take(site, MAX_BODY_BYTES).await);
        }
        assert!(others.iter().all(|(received, _)| received.is_ok()));
        assert_eq!(take(9, MAX_BODY_BYTES).await.0, Err(ErrorCode::Overloaded));
        drop((place, others));
        assert_eq!(take(9, 6).await.0, Ok(6));
        let left = lock(&room.0);
        assert_eq!((left.total, left.by_site.len()), (0, 0));
    }
}
