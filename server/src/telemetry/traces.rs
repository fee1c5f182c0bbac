//! Traces: spans of the target of traces, sent to a collector of OpenTelemetry over HTTP.
//!
//! The standard's other variables (`OTEL_SERVICE_NAME`,
//! `OTEL_TRACES_SAMPLER`, `OTEL_BSP_*` and so on) are read by its SDK.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::HeaderMap;
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::{SpanContext, TraceContextExt as _, TracerProvider as _};
use opentelemetry::{Context, Key, KeyValue};
use opentelemetry_otlp::{ExporterBuildError, Protocol, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData};
use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing::{Level, Metadata, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::filter::dynamic_filter_fn;
use tracing_subscriber::layer::{self, Filter};
use tracing_subscriber::{Layer, Registry};
use url::Url;
use vestibule_core::TRACE_TARGET;

/// Of the log or of traces. Each has a filter of its own,
/// and takes nothing of what is meant for the other.
pub type BoxedLayer = Box<dyn Layer<Registry> + Send + Sync>;

const SERVICE_NAME: &str = "vestibule";
const TRACEPARENT: &str = "traceparent";
/// How long the end of the process waits for the last spans to be sent.
const LAST_SPANS_TIME: Duration = Duration::from_secs(2);

/// Sends spans by a thread of its own, until it is dropped. Where the collector does not take them
/// fast enough, spans are lost, and no request waits.
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// Outside of a runtime: the client brings its own, and a runtime in another one panics.
    ///
    /// # Errors
    /// If there is no client to be had, for example because the system has no certificates.
    pub fn start(collector: &Url) -> Result<Self, ExporterBuildError> {
        let endpoint = format!("{}/v1/traces", collector.as_str().trim_end_matches('/'));
        let exporter = SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(endpoint)
            .build()?;
        let provider = SdkTracerProvider::builder()
            .with_resource(resource())
            .with_batch_exporter(ReportingExporter::new(exporter))
            .build();
        Ok(Self(provider))
    }

    pub fn layer(&self) -> BoxedLayer {
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer(SERVICE_NAME))
            // Nobody who looks at a request asks for these, and each is paid for with every span.
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_filter(spans_of_traces())
            .boxed()
    }
}

impl Drop for Traces {
    fn drop(&mut self) {
        // The log has what went wrong.
        let _ = self.0.shutdown_with_timeout(LAST_SPANS_TIME);
    }
}

/// The span that a request belongs to, as its sender says in the header `traceparent`
/// (<https://www.w3.org/TR/trace-context/>). Anybody can send one; one that is there twice says
/// nothing.
pub fn calling_span(headers: &HeaderMap) -> Option<SpanContext> {
    let mut values = headers.get_all(TRACEPARENT).iter();
    let (value, another) = (values.next()?, values.next());
    let is_whole = another.is_none() && is_well_formed(value.as_bytes());
    let value = value.to_str().ok().filter(|_| is_whole)?;
    let said = HashMap::from([(TRACEPARENT.to_owned(), value.to_owned())]);
    let context = TraceContextPropagator::new().extract_with_context(&Context::new(), &said);
    let caller = context.span().span_context().clone();
    caller.is_valid().then_some(caller)
}

/// `00-<trace, 32 digits>-<span, 16 digits>-<flags, 2 digits>`, which the propagator reads less
/// strictly.
fn is_well_formed(value: &[u8]) -> bool {
    value.len() == 55
        && value.starts_with(b"00-")
        && value.iter().enumerate().all(|(at, byte)| match at {
            2 | 35 | 52 => *byte == b'-',
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        })
}

/// Makes the span a part of the caller's trace, if there is one.
/// The id of the trace that the span belongs to, if it is made.
pub fn join_trace(span: &Span, caller: Option<&SpanContext>) -> Option<String> {
    if let Some(caller) = caller {
        // It fails where no traces are made.
        let _ = span.set_parent(Context::new().with_remote_span_context(caller.clone()));
    }
    let context = span.context();
    let context = context.span().span_context().clone();
    context.is_valid().then(|| context.trace_id().to_string())
}

/// Spans alone and never an event, or what is logged would be in the traces as well.
fn spans_of_traces() -> impl Filter<Registry> + Send + Sync + 'static {
    let is_ours = |it: &Metadata<'_>| it.is_span() && it.target() == TRACE_TARGET;
    dynamic_filter_fn(
        move |it: &Metadata<'_>, context: &layer::Context<'_, Registry>| {
            let begins_a_trace = *it.level() == Level::INFO;
            is_ours(it) && (begins_a_trace || context.lookup_current().is_some())
        },
    )
    // What the portal did not start costs nothing.
    .with_callsite_filter(move |it| {
        if is_ours(it) {
            Interest::sometimes()
        } else {
            Interest::never()
        }
    })
    .with_max_level_hint(LevelFilter::DEBUG)
}

/// The name and version of this service, as far as the environment does not say them.
fn resource() -> Resource {
    let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    let builder = || Resource::builder().with_attribute(version.clone());
    let resource = builder().build();
    let name = resource.get(&Key::from_static_str("service.name"));
    // The SDK's name for what has none.
    if name.is_some_and(|name| !name.as_str().starts_with("unknown_service")) {
        return resource;
    }
    builder().with_service_name(SERVICE_NAME).build()
}

/// Logs once when the collector stops taking spans, and once when it takes them again.
#[derive(Debug)]
struct ReportingExporter {
    inner: SpanExporter,
    fails: AtomicBool,
}

impl ReportingExporter {
    fn new(inner: SpanExporter) -> Self {
        Self {
            inner,
            fails: AtomicBool::new(false),
        }
    }

    fn report(&self, result: &OTelSdkResult) {
        let failed = self.fails.swap(result.is_err(), Ordering::Relaxed);
        match result {
            Err(error) if !failed => tracing::warn!(
                error = error as &dyn std::error::Error,
                "traces are lost: the collector does not take them"
            ),
            Ok(()) if failed => tracing::info!("the collector takes traces again"),
            _ => {}
        }
    }
}

impl opentelemetry_sdk::trace::SpanExporter for ReportingExporter {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let result = self.inner.export(batch).await;
        self.report(&result);
        result
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn a_header_that_is_there_twice_says_nothing() {
        let said = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let mut headers = HeaderMap::new();
        assert_eq!(calling_span(&headers), None);
        headers.append(TRACEPARENT, HeaderValue::from_static(said));
        let caller = calling_span(&headers).unwrap();
        let (trace, span) = (caller.trace_id(), caller.span_id());
        assert_eq!(format!("00-{trace}-{span}-01"), said);
        assert!(caller.is_sampled());
        headers.append(TRACEPARENT, HeaderValue::from_static(said));
        assert_eq!(calling_span(&headers), None);
    }

    #[test]
    fn what_is_not_well_formed_names_no_caller() {
        let (trace, span) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
        let zeros = "0".repeat(32);
        for said in [
            String::new(),
            "00-1-1-1".to_owned(),
            format!("00-{trace}-{span}-0"),
            format!("00-{trace}-{span}-01-"),
            format!(" 00-{trace}-{span}-01"),
            format!("01-{trace}-{span}-01"),
            format!("00-{trace}_{span}-01"),
            format!("00-{}-{span}-01", trace.to_uppercase()),
            format!("00-+{}-{span}-01", &trace[1..]),
            format!("00-{zeros}-{span}-01"),
            format!("00-{trace}-{}-01", &zeros[..16]),
        ] {
            let value = HeaderValue::from_str(&said).unwrap();
            let headers = HeaderMap::from_iter([(HeaderName::from_static(TRACEPARENT), value)]);
            assert_eq!(calling_span(&headers), None, "{said}");
        }
    }
}
