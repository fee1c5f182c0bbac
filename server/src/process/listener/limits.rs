use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// How many and how long.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at a time.
    pub connections: usize,
    /// From the first byte of a request to the end of its head;
    /// for the first request, from the beginning.
    pub head: Duration,
    /// Between an answer and the next request.
    pub idle: Duration,
    /// How long a client may read nothing of an answer.
    pub stall: Duration,
}

/// How far stopping has come. Each stage includes the one before.
#[derive(Clone, Default)]
pub struct Stages {
    /// Readiness says so, and every answer is the last one
    /// of its connection. Everything is served as before.
    pub stopping: CancellationToken,
    /// Nothing more is accepted, what was received is answered,
    /// and who has sent no whole request is cut off.
    pub draining: CancellationToken,
}
