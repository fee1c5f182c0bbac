use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use vestibule_core::lock;
use vestibule_web::ClientAddress;

use super::rate_limit::is_cheap;

/// Lines a minute about requests that no limit counts: health checks, the key set, files.
const LINES: u64 = 120;
const MINUTE: Duration = Duration::from_mins(1);

/// How much is logged of the requests that no limit counts: anybody could fill a disk with them.
#[derive(Clone, Default)]
pub struct LogLimit(Arc<Mutex<Lines>>);

#[derive(Default)]
struct Lines {
    since: Option<Instant>,
    count: u64,
}

impl LogLimit {
    /// Whether a line is to be written, about a request that a limit counts or about another one.
    pub fn allows(&self, is_counted: bool) -> bool {
        is_counted || self.one_more(Instant::now())
    }

    fn one_more(&self, now: Instant) -> bool {
        let mut lines = lock(&self.0);
        if lines.since.is_none_or(|since| now - since >= MINUTE) {
            let left_out = lines.count.saturating_sub(LINES);
            if left_out > 0 {
                tracing::info!(
                    lines = left_out,
                    "lines about health checks, the key set and files were left out"
                );
            }
            *lines = Lines {
                since: Some(now),
                count: 0,
            };
        }
        lines.count += 1;
        lines.count <= LINES
    }
}

/// One line a request, once its answer is known. Never the query:
/// mailed links carry their token there.
pub async fn log_access(State(limit): State<LogLimit>, request: Request, next: Next) -> Response {
    let client = request
        .extensions()
        .get::<ClientAddress>()
        .map(|client| client.0);
    let is_counted = !is_cheap(&request);
    let started = Instant::now();
    let response = next.run(request).await;
    if response.status().is_server_error() || limit.allows(is_counted) {
        tracing::info!(
            target: "vestibule::access",
            status = response.status().as_u16(),
            client = client.map(tracing::field::display),
            micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
            "answered"
        );
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_requests_that_no_limit_counts_is_so_many_lines_a_minute() {
        let (limit, start) = (LogLimit::default(), Instant::now());
        for minute in 0..3 {
            let now = start + MINUTE * minute;
            let lines = (0..5000).filter(|_| limit.one_more(now)).count();
            assert_eq!(lines as u64, LINES);
        }
    }
}
