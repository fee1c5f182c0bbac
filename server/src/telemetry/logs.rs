//! Logs: JSON objects in production, readable lines in development. Traces begin with them.

use std::backtrace::Backtrace;
use std::error::Error;
use std::fmt;
use std::io::IsTerminal as _;
use std::time::Duration;

use json_subscriber::JsonLayer;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Level, Metadata, Subscriber};
use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::{FilterExt as _, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::time::SystemTime;
use tracing_subscriber::layer::{Filter, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, Registry};
use url::Url;
use vestibule_core::{AUDIT_TARGET, ErrorCode, TRACE_TARGET};

use super::traces::{BoxedLayer, Traces};
use crate::config::LogConfig;

/// Lines that wait while nobody takes them, about 2 MB; the next ones are dropped.
const MAX_WAITING_LINES: usize = 8192;
/// How often it is looked whether lines were dropped.
const REPORT_INTERVAL: Duration = Duration::from_secs(1);

/// Writes what was logged and sends traces, until it is dropped; then what waits is sent, for two
/// seconds at most, and written, for one.
pub struct Log {
    // The first to go: what it has to say is logged.
    _traces: Option<Traces>,
    _writer: WorkerGuard,
    dropped: ErrorCounter,
}

/// Starts logging to standard error, panics included. A thread of its own writes: when nobody reads
/// the log, lines are lost, and no request waits.
/// Traces go to the collector, where there is one.
///
/// # Errors
/// If there is no client to reach the collector with.
pub fn init(
    config: &LogConfig,
    collector: Option<&Url>,
) -> Result<Log, Box<dyn Error + Send + Sync>> {
    let traces = collector.map(Traces::start).transpose()?;
    let (lines, writer) = NonBlockingBuilder::default()
        .lossy(true)
        .buffered_lines_limit(MAX_WAITING_LINES)
        .thread_name("log")
        .finish(std::io::stderr());
    let dropped = lines.error_counter();
    let mut layers = vec![log_layer(config, lines, std::io::stderr().is_terminal())];
    layers.extend(traces.as_ref().map(Traces::layer));
    tracing_subscriber::registry().with(layers).init();
    std::panic::set_hook(Box::new(|panic| {
        let code = ErrorCode::Internal;
        tracing::error!(kind = %code.kind(), %code, %panic, trace = %Backtrace::force_capture(), "panic");
    }));
    Ok(Log {
        _traces: traces,
        _writer: writer,
        dropped,
    })
}

/// Writes lines as they are configured.
pub fn subscriber<W>(
    config: &LogConfig,
    lines: W,
    has_colours: bool,
) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    Box::new(tracing_subscriber::registry().with(log_layer(config, lines, has_colours)))
}

fn log_layer<W>(config: &LogConfig, lines: W, has_colours: bool) -> BoxedLayer
where
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let filter = log_filter(&config.filter);
    if config.json {
        json(lines).with_filter(filter).boxed()
    } else {
        let layer = tracing_subscriber::fmt::layer()
            .with_writer(lines)
            .with_ansi(has_colours);
        layer.with_filter(filter).boxed()
    }
}

fn log_filter(directives: &str) -> impl Filter<Registry> + Send + Sync + 'static {
    // The library warns of each cookie whose session has ended, an everyday thing, and logs what
    // the portal logs. Its spans would hide the request's.
    let filter = format!("tower_sessions=off,tower_sessions_core=off,{directives}");
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    // No directive brings the spans of traces in. The hint leaves the level to the directives.
    let is_no_trace = filter_fn(|metadata| metadata.target() != TRACE_TARGET);
    filter.and(is_no_trace.with_max_level_hint(LevelFilter::TRACE))
}

/// One flat object a line, with the request's fields beside the event's.
fn json<S, W>(lines: W) -> JsonLayer<S, W>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    W: for<'writer> MakeWriter<'writer> + 'static,
{
    let mut layer = JsonLayer::new(lines);
    layer
        .with_timer("timestamp", SystemTime)
        .with_level("level")
        .with_target("target")
        .with_top_level_flattened_current_span()
        .with_flattened_event();
    layer.add_dynamic_field("stream", |event, _| Some(stream(event.metadata())));
    layer.add_dynamic_field("causes", |event, _| {
        let mut causes = Causes::default();
        event.record(&mut causes);
        Some(causes.0).filter(|causes| !causes.is_empty())
    });
    layer
}

/// What caused the errors of an event, the nearest first: a field shows the outermost alone.
#[derive(Default)]
struct Causes(Vec<String>);

impl Visit for Causes {
    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}

    fn record_error(&mut self, _: &Field, error: &(dyn Error + 'static)) {
        let causes = std::iter::successors(error.source(), |cause| (*cause).source());
        self.0.extend(causes.map(ToString::to_string));
    }
}

/// By what a log shipper distinguishes lines.
fn stream(line: &Metadata<'_>) -> &'static str {
    match (line.target(), *line.level()) {
        ("vestibule::access", _) => "access",
        (AUDIT_TARGET, _) => "audit",
        (_, Level::ERROR) => "error",
        _ => "application",
    }
}

impl Log {
    /// Logs how many lines were lost, once lines pass again. Runs for ever.
    pub fn report_lost_lines(&self) -> impl Future<Output = ()> + Send + 'static {
        let counter = self.dropped.clone();
        async move {
            let mut reported = 0;
            loop {
                tokio::time::sleep(REPORT_INTERVAL).await;
                let lost = counter.dropped_lines();
                if lost == reported {
                    continue;
                }
                tracing::warn!(
                    lines = lost - reported,
                    "log lines were lost: nobody took them fast enough"
                );
                // Or else this one was lost as well.
                if counter.dropped_lines() == lost {
                    reported = lost;
                }
            }
        }
    }
}
