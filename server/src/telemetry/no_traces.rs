//! What stands for `traces.rs` in a build without the feature `otel`.

use std::io;

use tracing::Span;
use url::Url;

use super::{BoxedLayer, TraceParent};

/// There are none.
pub enum Traces {}

impl Traces {
    /// # Errors
    /// Always; the configuration has refused the setting before.
    pub fn start(_collector: &Url) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub fn layer(&self) -> BoxedLayer {
        match *self {}
    }
}

/// The id of the trace that the span belongs to.
pub fn join_trace(_span: &Span, _caller: Option<&TraceParent>) -> Option<String> {
    None
}
