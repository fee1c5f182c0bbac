use axum::extract::{MatchedPath, Request};
use http::{Method, StatusCode};
use tracing::field::Empty;
use tracing::instrument::Instrumented;
use tracing::{Instrument as _, Span};
use vestibule_core::TRACE_TARGET;

use crate::telemetry::metrics::known_method;
use crate::telemetry::{calling_span, join_trace};

/// What describes a request: the span of its trace, and inside of that the log's, whose fields
/// every line has. What runs in a task of its own has to be put into both.
#[derive(Clone)]
pub struct RequestSpans {
    trace: Span,
    log: Span,
}

impl RequestSpans {
    /// `is_trusted`: whether the sender may say which trace the request belongs to.
    pub fn begin(request: &Request, id: &str, is_trusted: bool) -> Self {
        let route = request.extensions().get::<MatchedPath>();
        let route = route.map(MatchedPath::as_str);
        let trace = trace_span(request.method(), route, id);
        let caller = calling_span(request.headers()).filter(|_| is_trusted);
        let trace_id = join_trace(&trace, caller.as_ref());
        let trace_id = trace_id.or_else(|| caller.map(|caller| caller.trace_id().to_string()));
        let log = tracing::info_span!(
            "request",
            request_id = %id,
            trace_id,
            method = %request.method(),
            path = request.uri().path(),
            route
        );
        Self { trace, log }
    }

    pub fn around<W: Future>(&self, work: W) -> Instrumented<Instrumented<W>> {
        work.instrument(self.log.clone())
            .instrument(self.trace.clone())
    }

    pub fn note_status(&self, status: StatusCode) {
        self.trace
            .record("http.response.status_code", i64::from(status.as_u16()));
        if status.is_server_error() {
            self.trace.record("otel.status_code", "ERROR");
        }
    }
}

impl Default for RequestSpans {
    /// Of what is no request that was identified.
    fn default() -> Self {
        Self {
            trace: Span::none(),
            log: Span::none(),
        }
    }
}

/// Neither path nor query, which have tokens and addresses, nor who asks.
fn trace_span(method: &Method, route: Option<&str>, request_id: &str) -> Span {
    let known = known_method(method);
    tracing::info_span!(
        target: TRACE_TARGET,
        parent: None,
        "http request",
        otel.name = format!("{} {}", known.unwrap_or("HTTP"), route.unwrap_or_default()).trim_end(),
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = known.unwrap_or("_OTHER"),
        http.route = route,
        http.response.status_code = Empty,
        request_id,
    )
}
