//! `[log]` and `[telemetry]`

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
use url::Url;

use super::mode::Mode;
use super::reader::Reader;
use super::setting::settings;
use super::value::choices;

settings! {
    /// Which log lines: a level (`off`, `error`, `warn`, `info`, `debug`, `trace`) and further
    /// `module=level`, for example `info` or `vestibule=debug,info`.
    FILTER: String = "log.filter", "VESTIBULE_LOG", "info";
    /// Default: `pretty` in development, `json` in production.
    FORMAT: Option<LogFormat> = "log.format", "VESTIBULE_LOG_FORMAT";
    /// URL of a collector of OpenTelemetry that takes OTLP over HTTP, for example
    /// `http://localhost:4318`; traces go to `/v1/traces` below it. Without it no traces are made.
    /// [Traces](operations/traces.md) has the further variables of the standard.
    OTLP_ENDPOINT: Option<String> = "telemetry.otlp_endpoint", "OTEL_EXPORTER_OTLP_ENDPOINT";
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum LogFormat {
    Json,
    Pretty,
}

choices!(LogFormat: "json" => Json, "pretty" => Pretty);

#[derive(Clone, Debug)]
pub struct LogConfig {
    /// Directives of `tracing-subscriber`, for example `info` or `vestibule=debug`.
    pub filter: String,
    pub json: bool,
}

impl LogConfig {
    pub(super) fn read(reader: &mut Reader<'_>, mode: Mode) -> Self {
        let default = match mode {
            Mode::Production => LogFormat::Json,
            Mode::Development => LogFormat::Pretty,
        };
        let json = reader.get(FORMAT).unwrap_or(default) == LogFormat::Json;
        reader.derive(FORMAT, if json { "json" } else { "pretty" });
        Self {
            filter: read_filter(reader),
            json,
        }
    }

    /// The level above which nothing passes.
    pub(super) fn max_level(&self) -> LevelFilter {
        let filter = EnvFilter::try_new(&self.filter).ok();
        let level = filter.and_then(|filter| filter.max_level_hint());
        level.unwrap_or(LevelFilter::TRACE)
    }
}

/// Stricter than the library: that takes a word which is no
/// level for the name of a module, and logs nothing else.
fn read_filter(reader: &mut Reader<'_>) -> String {
    let text = reader.get(FILTER);
    let directives = text.split(',').map(str::trim);
    let directives: Vec<&str> = directives.filter(|text| !text.is_empty()).collect();
    for directive in &directives {
        // The names of a span and of its fields may hold anything.
        let is_whole = !directive.contains('[') && !directive.contains('=');
        if is_whole && directive.parse::<LevelFilter>().is_err() {
            reader.refuse(
                FILTER,
                &format!("must be a level (off, error, warn, info, debug, trace) and further module=level, like info,vestibule=debug; `{directive}` is neither"),
            );
            return "info".to_owned();
        }
    }
    let filter = directives.join(",");
    if EnvFilter::try_new(&filter).is_err() {
        reader.refuse(FILTER, "must be a filter like info or vestibule=debug,info");
    } else if !directives.iter().any(|directive| applies(directive)) {
        reader.refuse(
            FILTER,
            &format!("names no module of the portal, so that nothing of it is logged: write info,{filter}"),
        );
    }
    filter
}

/// Whether a directive is about the portal: a level for everything,
/// or one for its own modules or what they begin with.
fn applies(directive: &str) -> bool {
    const CRATES: [&str; 8] = [
        "vestibule",
        "vestibule_app",
        "vestibule_cache",
        "vestibule_core",
        "vestibule_i18n",
        "vestibule_mail",
        "vestibule_storage",
        "vestibule_web",
    ];
    let target = directive.split(['=', '[']).next().unwrap_or_default();
    let is_ours = |name: &str| {
        let below = target.strip_prefix(name);
        name.starts_with(target) || below.is_some_and(|rest| rest.starts_with("::"))
    };
    directive.parse::<LevelFilter>().is_ok() || CRATES.into_iter().any(is_ours)
}

pub(super) fn read_otlp_endpoint(reader: &mut Reader<'_>) -> Option<Url> {
    let text = reader.get(OTLP_ENDPOINT)?;
    let url = Url::parse(&text).ok().filter(is_endpoint);
    if url.is_none() {
        // Without the value: people do put passwords there.
        reader.refuse(
            OTLP_ENDPOINT,
            "must be the http or https URL of a collector like http://localhost:4318, without user, query and fragment",
        );
    }
    url
}

fn is_endpoint(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none()
}
