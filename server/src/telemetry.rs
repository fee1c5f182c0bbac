//! Logs: JSON objects in production, readable lines in development.

use std::backtrace::Backtrace;
use std::error::Error;
use std::fmt;
use std::io::IsTerminal as _;
use std::time::Duration;

use json_subscriber::JsonLayer;
use tracing::field::{Field, Visit};
use tracing::{Level, Metadata, Subscriber};
use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::time::SystemTime;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use vestibule_core::{AUDIT_TARGET, ErrorCode};

use crate::config::LogConfig;

/// Lines that wait while nobody takes them, about 2 MB; the next ones are dropped.
const MAX_WAITING_LINES: usize = 8192;
/// How often it is looked whether lines were dropped.
const REPORT_INTERVAL: Duration = Duration::from_secs(1);

/// Writes what was logged, until it is dropped; then what waits is written, for a second at most.
pub struct Log {
    _writer: WorkerGuard,
    dropped: ErrorCounter,
}

/// Starts logging to standard error, panics included. A thread of its own writes: when nobody reads what we say, lines
/// are lost, and no request waits.
pub fn init(config: &LogConfig) -> Log {
    let (lines, writer) = NonBlockingBuilder::default()
        .lossy(true)
        .buffered_lines_limit(MAX_WAITING_LINES)
        .thread_name("log")
        .finish(std::io::stderr());
    let log = Log {
        _writer: writer,
        dropped: lines.error_counter(),
    };
    subscriber(config, lines, std::io::stderr().is_terminal()).init();
    std::panic::set_hook(Box::new(|panic| {
        let code = ErrorCode::Internal;
        tracing::error!(kind = %code.kind(), %code, %panic, trace = %Backtrace::force_capture(), "panic");
    }));
    log
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
    // The library warns of each cookie whose session has ended, an everyday thing, and logs what we log. Its spans would
    // hide the request's.
    let filter = format!(
        "tower_sessions=off,tower_sessions_core=off,{}",
        config.filter
    );
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    if config.json {
        Box::new(
            tracing_subscriber::registry()
                .with(filter)
                .with(json(lines)),
        )
    } else {
        let subscriber = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(lines)
            .with_ansi(has_colours);
        Box::new(subscriber.finish())
    }
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

/// By what a log shipper tells lines apart.
fn stream(line: &Metadata<'_>) -> &'static str {
    match (line.target(), *line.level()) {
        ("vestibule::access", _) => "access",
        (AUDIT_TARGET, _) => "audit",
        (_, Level::ERROR) => "error",
        _ => "application",
    }
}

impl Log {
    /// Tells how many lines were lost, once lines pass again. Runs for ever.
    pub fn tell_of_lost_lines(&self) -> impl Future<Output = ()> + Send + 'static {
        let counter = self.dropped.clone();
        async move {
            let mut told = 0;
            loop {
                tokio::time::sleep(REPORT_INTERVAL).await;
                let lost = counter.dropped_lines();
                if lost == told {
                    continue;
                }
                tracing::warn!(
                    lines = lost - told,
                    "log lines were lost: nobody took them fast enough"
                );
                // Or else this one was lost as well.
                if counter.dropped_lines() == lost {
                    told = lost;
                }
            }
        }
    }
}
