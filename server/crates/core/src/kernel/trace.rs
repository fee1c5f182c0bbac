//! What the spans of traces have in common, wherever they are made.

use tracing::Span;

/// The target of the spans that traces are made of; the log takes none of them. One at the level
/// INFO begins a trace or goes on with that of the caller. One at DEBUG is made only inside of
/// another, so that what polls makes none.
pub const TRACE_TARGET: &str = "vestibule::trace";

/// Notes that what the span stands for failed, by a word from a closed set.
/// The span has to name both fields.
pub fn fail_span(span: &Span, error_type: &'static str) {
    span.record("otel.status_code", "ERROR");
    span.record("error.type", error_type);
}
